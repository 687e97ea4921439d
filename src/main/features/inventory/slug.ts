/** Room for a suffix within the 63 characters of an identifier. */
const maximumBaseLength = 56;

/** Makes identifiers of names: `Loading dock` becomes `loading-dock`, the next one of that name `loading-dock-2`. */
export class SlugAllocator {
  readonly #taken: Set<string>;
  readonly #nextSuffixes = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** `fallback` serves names without a Latin letter or digit. */
  allocate(name: string, fallback: string): string {
    const base = slugOf(name) || fallback;
    let slug = base;
    for (let suffix = this.#nextSuffixes.get(base) ?? 2; this.#taken.has(slug); suffix += 1) {
      slug = `${base}-${suffix}`;
      this.#nextSuffixes.set(base, suffix + 1);
    }
    this.#taken.add(slug);
    return slug;
  }
}

function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, maximumBaseLength)
    .replace(/-+$/, '');
}
