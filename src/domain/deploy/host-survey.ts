import type { NodeKind } from '../cluster.ts';
import type { Known } from '../known.ts';

/** What is asked of a host on which nodes are to be installed, or are looked for. */
export type SurveyQuestion = {
  /** Directories that are wanted: of deployment, of metadata, of storage. */
  readonly paths: readonly string[];
  /** Where a JDK is looked for besides JAVA_HOME and the PATH; empty = nowhere else. */
  readonly javaHomes: readonly string[];
  /** Nodes that are known there and may be down: their conf files are read too, since they will want their ports again. */
  readonly places?: readonly NodeDirectory[];
};

export type NodeDirectory = { readonly kind: NodeKind; readonly deployDir: string };

/**
 * What a machine was found to be, before anything is installed there or after it was found running. Nothing is guessed:
 * what could not be read is unknown.
 */
export type MachineSurvey = {
  /** Who logs in, and whether root is available without a password. */
  readonly user: string;
  readonly sudo: boolean;
  /** Tools of a usual Linux that are missing. */
  readonly missingTools: readonly string[];
  /** Addresses of its own that the kernel knows, without loopback's. */
  readonly addresses: Known<readonly string[]>;
  /** Of this start of its kernel; containers of one machine share it. */
  readonly bootId: Known<string>;
  /** As `uname -m` has it, e.g. `x86_64`, `aarch64`. */
  readonly architecture: Known<string>;
  readonly cpuCores: Known<number>;
  readonly hasAvx2: Known<boolean>;
  readonly memoryBytes: Known<number>;
  readonly swapBytes: Known<number>;
  /** The word in brackets of `/sys/kernel/mm/transparent_hugepage/enabled`. */
  readonly hugePages: Known<string>;
  /** Of `/proc/sys`, by their names: `vm.overcommit_memory`, `vm.swappiness`, `vm.max_map_count`, `net.core.somaxconn`, … */
  readonly kernel: ReadonlyMap<string, Known<number>>;
  /** Limits of the user who logs in: the soft one and the one up to which it may be raised; Infinity = unlimited. */
  readonly openFiles: Known<Limit>;
  readonly userProcesses: Known<Limit>;
  /** By how much the host's clock is ahead of ours, and how exactly that is known. */
  readonly clock: Known<{ readonly aheadMs: number; readonly withinMs: number }>;
  /** The JDK that a start script finds by itself comes first; `home` null = it has none that can be told. */
  readonly java: Known<readonly JavaOnMachine[]>;
  /** TCP ports that something listens on, whoever it is. */
  readonly listening: Known<readonly ListeningPort[]>;
  /** All nodes of StarRocks that run there, ours or not; unknown where processes of others are hidden. */
  readonly nodes: Known<readonly NodeOnMachine[]>;
  /** Those of them that can be seen, also where `nodes` is unknown. */
  readonly visibleNodes: readonly NodeOnMachine[];
  /** The conf files of the places that were asked for, in their order. */
  readonly places: readonly (NodeDirectory & NodeSettings)[];
  /** By the path that was asked for. */
  readonly paths: ReadonlyMap<string, Known<SurveyedPath>>;
};

export type HostSurvey = MachineSurvey & { readonly hostId: string; readonly address: string };

export type JavaOnMachine = { readonly home: string | null; readonly version: string; readonly hasCompiler: boolean };

export type Limit = { readonly soft: number; readonly hard: number };

/** `address` as people write it: `0.0.0.0`, `127.0.0.1`, `::`. */
export type ListeningPort = { readonly address: string; readonly port: number };

/** What a node's conf file says of what the node takes of its machine. */
export type NodeSettings = {
  /** Ports by their keys in the conf file, as the node reads them; StarRocks' defaults where a key is absent. */
  readonly ports: ReadonlyMap<string, Known<number>>;
  /** `meta_dir`, or the paths of `storage_root_path`. */
  readonly dataDirs: Known<readonly string[]>;
};

/** A node that was found on a machine by its process. */
export type NodeOnMachine = NodeSettings & {
  readonly kind: NodeKind;
  readonly pid: number;
  /** STARROCKS_HOME of the process, where its start script is seen; unknown where that cannot be told, e.g. in a container. */
  readonly deployDir: Known<string>;
  /** The addresses it listens at, wildcards included; unknown where its open files are closed to us. */
  readonly boundTo: Known<readonly string[]>;
  /** The user it runs as. */
  readonly user: string | null;
  /** The systemd unit that runs it; null = none does. */
  readonly unit: Known<string | null>;
};

export type SurveyedPath = {
  readonly exists: boolean;
  /** Null = it is not there. */
  readonly isDirectory: boolean | null;
  /** `lost+found` does not count. Null = it is not there, or is no directory. */
  readonly isEmpty: boolean | null;
  /** Whether the user who logs in may write there, or make it if it is not there. */
  readonly isWritable: boolean;
  /** The mount point of the nearest directory that is there. */
  readonly mount: string;
  readonly freeBytes: Known<number>;
  readonly totalBytes: Known<number>;
  /** `SSD` or `HDD` by the kernel's word on rotation; unknown on most virtual disks. */
  readonly medium: Known<'SSD' | 'HDD'>;
};
