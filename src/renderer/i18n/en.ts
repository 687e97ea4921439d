import { frameTexts } from './en/frame.ts';
import { inventoryTexts } from './en/inventory.ts';
import { siteTexts } from './en/site.ts';
import { wallTexts } from './en/wall.ts';

/** Every text of the pages. Other languages follow this shape. */
export const english = { ...frameTexts, ...siteTexts, ...inventoryTexts, ...wallTexts } as const;
