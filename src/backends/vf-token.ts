/** `auto` makes a token that nobody else knows, as in QEMU: right only where this process also holds the physical function. */
export const tokenText = (token: string): string => (token === 'auto' ? crypto.randomUUID() : token);

/** The 16 bytes of a UUID, in the order of its text (linux/uuid.h, uuid_t). */
export const tokenBytes = (token: string): Uint8Array => Uint8Array.from(Buffer.from(tokenText(token).replaceAll('-', ''), 'hex'));
