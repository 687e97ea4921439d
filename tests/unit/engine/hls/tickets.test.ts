import { describe, expect, it } from 'vitest';
import { HlsTickets } from '../../../../src/engine/hls/index.ts';
import { manualClock } from '../live/manual-clock.ts';

const purpose = { cameraId: 'gate', stream: 'main', tokenId: '0123456789abcdef' } as const;

function issue(tickets: HlsTickets): string {
  const issued = tickets.issue(purpose);
  if (issued === undefined) throw new Error('No ticket was issued.');
  return issued.ticket;
}

describe('a ticket', () => {
  it('is good for what it was issued for while it is used, and void a minute after', () => {
    const clock = manualClock();
    const tickets = new HlsTickets(clock);
    const ticket = issue(tickets);
    expect(ticket).toMatch(/^[A-Za-z0-9_-]{43}$/);
    for (let use = 0; use < 10; use += 1) {
      clock.advance(59_999);
      expect(tickets.use(ticket)).toEqual(purpose);
    }
    clock.advance(60_000);
    expect(tickets.use(ticket)).toBeUndefined();
  });

  it('is void after half a day, however much it is used', () => {
    const clock = manualClock();
    const tickets = new HlsTickets(clock);
    const ticket = issue(tickets);
    for (let minute = 0; minute < 12 * 60 * 2 - 1; minute += 1) {
      clock.advance(30_000);
      tickets.use(ticket);
    }
    expect(tickets.use(ticket)).toEqual(purpose);
    clock.advance(30_000);
    expect(tickets.use(ticket)).toBeUndefined();
  });

  it('is refused when too many are in use, until one becomes void', () => {
    const clock = manualClock();
    const tickets = new HlsTickets(clock);
    const issued = Array.from({ length: 256 }, () => issue(tickets));
    expect([new Set(issued).size, tickets.issue(purpose)]).toEqual([256, undefined]);
    clock.advance(60_000);
    expect(tickets.use(issue(tickets))).toEqual(purpose);
  });

  it('cannot be guessed from another', () => {
    const tickets = new HlsTickets(manualClock());
    const ticket = issue(tickets);
    expect([tickets.use(ticket.slice(1)), tickets.use(`A${ticket.slice(1)}`), tickets.use('')]).toEqual([
      undefined,
      ticket.startsWith('A') ? purpose : undefined,
      undefined,
    ]);
  });
});
