import { createContext, use } from 'react';
import type { ReactNode } from 'react';
import type { Desk } from './desk.ts';

const DeskContext = createContext<Desk | undefined>(undefined);

export function DeskProvider({ desk, children }: { readonly desk: Desk; readonly children: ReactNode }) {
  return <DeskContext value={desk}>{children}</DeskContext>;
}

/** The desk of this page. Only inside `DeskProvider`. */
export function useDesk(): Desk {
  const desk = use(DeskContext);
  if (desk === undefined) throw new Error('useDesk needs a DeskProvider above it.');
  return desk;
}
