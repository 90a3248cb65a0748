export type RestartNodeInput = {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly graceful: boolean;
  readonly timeoutSeconds: number;
  readonly acceptDowntime: boolean;
};
