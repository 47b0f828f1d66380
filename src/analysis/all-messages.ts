/** Every message that analysis can give, from both catalogues. */

import { MESH_MESSAGES } from './catalogue-mesh.ts';
import { MESSAGES } from './catalogue.ts';
import type { MessageType } from './message.ts';

export const ALL_MESSAGES: readonly MessageType[] = [
  ...Object.values(MESSAGES),
  ...Object.values(MESH_MESSAGES),
];
