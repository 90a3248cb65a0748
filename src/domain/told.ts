/** A value, or why it cannot be told, in words that fit behind "cannot be told:". A default is no answer to the second. */
export type Told<T> = { readonly value: T } | { readonly unknown: string };
