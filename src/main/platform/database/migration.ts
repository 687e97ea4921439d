/** One step of the schema. Never edited once released: stored data is a contract. */
export interface Migration {
  /** The schema's version after it, kept in `PRAGMA user_version`; 1, 2, 3 without holes. */
  readonly version: number;
  readonly name: string;
  /** Runs in one transaction. Tables are `STRICT`. */
  readonly sql: string;
}
