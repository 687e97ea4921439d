export { AddNodeDialog } from './add-node-dialog.tsx';
export {
  addNode,
  assignByPlan,
  assignCameras,
  changeCameraCredentials,
  readHostKey,
  removeCameras,
  removeNode,
  renameCamera,
  spreadEvenly,
} from './actions.ts';
export type { HostKey } from './actions.ts';
export { followInventory, useInventory } from './store.ts';
