/** All scenes by the id that `src/sim/clip/scenes.ts` gives them. */

import { canteen, corridor, reception, serverRoom } from './scenes-office.mjs';
import { pumpRoom, roof, warehouseAisle, workshop } from './scenes-plant.mjs';
import { carPark, fenceNorth, loadingDock, mainGate } from './scenes-yard.mjs';

export const scenesById = {
  'loading-dock': loadingDock,
  'main-gate': mainGate,
  corridor,
  'server-room': serverRoom,
  'car-park': carPark,
  workshop,
  'warehouse-aisle': warehouseAisle,
  canteen,
  roof,
  'pump-room': pumpRoom,
  reception,
  'fence-north': fenceNorth,
};
