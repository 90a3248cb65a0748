/** A value, or why nobody knows it, in words that fit behind "cannot be told:". A default is no answer to the second. */
export type Known<T> = { readonly value: T } | { readonly unknown: string };
