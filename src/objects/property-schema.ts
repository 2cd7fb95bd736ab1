import type { Property, PropertyKind } from './property.ts';

/** The part of JSON Schema that property tables need. */
export interface JsonSchema {
  readonly $id?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean;
}

const UINT64_MAXIMUM = 2 ** 64;

/** Types are those of QEMU's JSON: an `fd` or a PCI address is a string, `addr` a string or a devfn number. */
const kindSchema = (type: PropertyKind): JsonSchema => {
  switch (type.kind) {
    case 'boolean':
      return { type: 'boolean' };
    case 'size':
      return { type: 'integer', minimum: 0, maximum: UINT64_MAXIMUM };
    case 'uint8':
      return { type: 'integer', minimum: 0, maximum: 0xff };
    case 'uint32':
      return { type: 'integer', minimum: 0, maximum: 0xffff_ffff };
    case 'int32':
      return { type: 'integer', minimum: -0x8000_0000, maximum: 0x7fff_ffff };
    case 'uint16-list':
      return { type: 'array', items: { type: 'integer', minimum: 0, maximum: 0xffff } };
    case 'enum':
      return { type: 'string', enum: type.values };
    case 'pci-slot':
      return { type: ['string', 'integer'] };
    case 'string':
    case 'link':
    case 'fd':
    case 'pci-host-address':
    case 'uuid-or-auto':
      return { type: 'string' };
  }
};

/** The schema of one type's properties; what names the type and the instance is taken off before. */
export const typeSchema = ($id: string, properties: readonly Property[]): JsonSchema => ({
  $id,
  type: 'object',
  additionalProperties: false,
  required: properties.filter((property) => property.required === true).map((property) => property.name),
  properties: Object.fromEntries(properties.map((property) => [property.name, kindSchema(property.type)])),
});
