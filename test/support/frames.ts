// Frames for tests, in one place: how to build them, how to read them back, how to make up many of them.
export * from './build-frames.ts';
export * from './frame-arbitraries.ts';
export * from './frame-rules.ts';
export * from './parse-frames.ts';
