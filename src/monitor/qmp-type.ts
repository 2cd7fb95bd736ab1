import type { JsonValue } from '../options/json-value.ts';

/** A type of QEMU's schema language (docs/devel/qapi-code-gen.rst). `int` is int64. */
export type QmpType = 'str' | 'int' | 'number' | 'bool' | 'any' | QmpList | QmpEnum | QmpObject;

export interface QmpList {
  readonly list: QmpType;
}

export interface QmpEnum {
  readonly values: readonly string[];
}

export interface QmpObject {
  readonly members: readonly QmpMember[];
}

export interface QmpMember {
  readonly name: string;
  readonly type: QmpType;
  /** True when it can be left out. */
  readonly optional?: boolean;
}

type MembersOf<Members extends readonly QmpMember[]> = {
  readonly [Member in Members[number] as Member['name']]:
    | ValueOf<Member['type']>
    | (Member extends { readonly optional: true } ? undefined : never);
};

/** What a checked value of a type is in TypeScript. */
export type ValueOf<Type> = Type extends 'str'
  ? string
  : Type extends 'int'
    ? bigint
    : Type extends 'number'
      ? number
      : Type extends 'bool'
        ? boolean
        : Type extends { readonly list: infer Item }
          ? readonly ValueOf<Item>[]
          : Type extends { readonly values: readonly (infer Value)[] }
            ? Value
            : Type extends { readonly members: infer Members extends readonly QmpMember[] }
              ? MembersOf<Members>
              : JsonValue;
