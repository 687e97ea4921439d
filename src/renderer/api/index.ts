export type { Answer } from './answer.ts';
export { useConnection } from './connection.ts';
export type { Connection } from './connection.ts';
export { DeskProvider, useDesk } from './desk-context.tsx';
export type { Desk } from './desk.ts';
export type { StreamListener, Unfollow } from './transport.ts';
