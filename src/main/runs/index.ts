export { defineRun } from './definition.ts';
export type { AnyRunDefinition, RunDefinition, RunRequest, Step, StepIo } from './definition.ts';
export { RunEngine } from './engine.ts';
export type { RunEngineOptions, RunOrder } from './engine.ts';
export type { RunJournal, StoredRun } from './journal.ts';
export { createSqliteJournal } from './sqlite-journal.ts';
