/** `cluster:read` as an enum value: `CLUSTER_READ`. */
export function permissionValue(permission: string): string {
  return permission.replace(':', '_').toUpperCase();
}
