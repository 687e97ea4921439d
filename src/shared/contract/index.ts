import { discoveryContract } from './discovery.ts';
import { deployContract } from './deploy.ts';
import { fleetContract } from './fleet.ts';
import { inventoryContract } from './inventory.ts';
import { runsContract } from './runs.ts';
import { siteContract } from './site.ts';
import { vaultContract } from './vault.ts';
import { wallContract } from './wall.ts';

/** Everything a page can ask of the desk. */
export const contract = {
  site: siteContract,
  vault: vaultContract,
  discovery: discoveryContract,
  inventory: inventoryContract,
  runs: runsContract,
  deploy: deployContract,
  fleet: fleetContract,
  wall: wallContract,
} as const;
export type DeskContract = typeof contract;

export * from './deploy.ts';
export * from './discovery.ts';
export * from './failure.ts';
export * from './fleet.ts';
export * from './inventory.ts';
export * from './procedure.ts';
export * from './runs.ts';
export * from './session.ts';
export * from './site.ts';
export * from './vault.ts';
export * from './wall.ts';
