import type { UpgradeNode } from '../../domain/upgrade/checks-facts.ts';

/** A node that can be stopped and started: the inventory knows it, and where it is. */
export type PlacedNode = UpgradeNode & { readonly id: string; readonly hostId: string; readonly deployDir: string };

/** The preflight refuses nodes that are not attached; this function tells the compiler so. */
export function isPlaced(node: UpgradeNode): node is PlacedNode {
  return node.id !== null && node.hostId !== null && node.deployDir !== null;
}
