/**
 * One description of a property serves parsing, JSON-schema validation, help, completion and documentation.
 * Kinds and their names in help follow QEMU's (`-object TYPE,help`, `-device TYPE,help`); `typeName` is for a name that is not
 * that of the kind.
 */
export type PropertyKind =
  | { readonly kind: 'string'; readonly typeName?: string }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'size'; readonly typeName?: string }
  | { readonly kind: 'uint32'; readonly typeName?: string }
  /** @property largest the property has a narrower range than its type */
  | { readonly kind: 'uint8'; readonly largest: number }
  | { readonly kind: 'int32' }
  /** A list of integers or ranges, as `host-nodes=0-1`. */
  | { readonly kind: 'uint16-list' }
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly typeName: string }
  | { readonly kind: 'link'; readonly targets: readonly string[] }
  | { readonly kind: 'fd' }
  | { readonly kind: 'pci-host-address' }
  | { readonly kind: 'pci-slot' }
  | { readonly kind: 'uuid-or-auto' };

export type PropertyKindName = PropertyKind['kind'];

export interface Property {
  readonly name: string;
  readonly type: PropertyKind;
  /** Half a line, no full stop; goes into help and documentation. */
  readonly description?: string;
  /** As help prints it; the value that holds when the property is not given. */
  readonly default?: string;
  readonly required?: boolean;
  /** Only a VMM engine acts on it; `-machine bare` says so instead of ignoring it silently. */
  readonly engineOnly?: boolean;
}

export const ON_OFF_AUTO = { kind: 'enum', values: ['auto', 'on', 'off'], typeName: 'OnOffAuto' } as const satisfies PropertyKind;

/** The text that help shows in `name=<...>`. */
export const kindLabel = (type: PropertyKind): string => {
  switch (type.kind) {
    case 'boolean':
      return 'bool';
    case 'size':
    case 'string':
    case 'uint32':
      return type.typeName ?? type.kind;
    case 'uint16-list':
      return 'int';
    case 'enum':
      return type.typeName;
    case 'link':
      return `link<${type.targets[0] ?? ''}>`;
    case 'fd':
      return 'string';
    case 'pci-host-address':
    case 'pci-slot':
    case 'uuid-or-auto':
      return 'str';
    case 'uint8':
    case 'int32':
      return type.kind;
  }
};

/** A value after parsing. 64-bit integers are exact. */
export type PropertyValue = string | boolean | bigint | readonly bigint[] | PciSlotValue;

/** `addr=`: slot and function as one devfn, or -1 for "place it yourself". */
export interface PciSlotValue {
  readonly devfn: number;
}

export type PropertyValues = ReadonlyMap<string, PropertyValue>;
