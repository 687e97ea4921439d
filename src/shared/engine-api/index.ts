export * from './bundle.ts';
export * from './camera.ts';
export * from './config.ts';
export * from './enrolment.ts';
export * from './failure.ts';
export * from './paths.ts';
export * from './recording.ts';
export * from './status.ts';
