/** A tree as keyval denotes it: every leaf is a string. Maps keep the order of the text. */
export type KeyvalValue = string | readonly KeyvalValue[] | KeyvalDict;

export type KeyvalDict = ReadonlyMap<string, KeyvalValue>;
