export { AddNodeDialog } from './add-node-dialog.tsx';
export {
  assignByPlan,
  assignCameras,
  changeCameraCredentials,
  removeCameras,
  removeNode,
  renameCamera,
  spreadEvenly,
} from './actions.ts';
export type { HostKey } from './actions.ts';
export { followInventory, useInventory } from './store.ts';
