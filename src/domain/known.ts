/**
 * A value, or why nobody knows it, as words that fit after "cannot be told:". Code must not use a default in place of an
 * unknown value.
 */
export type Known<T> = { readonly value: T } | { readonly unknown: string };
