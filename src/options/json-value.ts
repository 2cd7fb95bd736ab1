/**
 * A parsed JSON value. Whole numbers that fit int64 or uint64 are bigints, so that they stay exact; everything else that is a number is a
 * JS number, as QEMU makes a double of it. Objects are maps: they keep their order, and a key can be any text.
 */
export type JsonValue = null | boolean | bigint | number | string | readonly JsonValue[] | JsonObject;

export type JsonObject = ReadonlyMap<string, JsonValue>;
