/** `assay serve`: what can be said on its command line. What it opens is in the configuration; main puts it together. */
export type ServeOptions = { readonly config?: string; readonly zone?: string; readonly dns?: string };
