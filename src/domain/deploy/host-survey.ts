import type { NodeKind } from '../cluster.ts';
import type { Known } from '../known.ts';

/** What is asked of a host on which nodes are to be installed, or are looked for. */
export type SurveyQuestion = {
  /** Directories that are wanted: of deployment, of metadata, of storage. */
  readonly paths: readonly string[];
  /** Where a JDK is looked for besides JAVA_HOME and the PATH; empty = nowhere else. */
  readonly javaHomes: readonly string[];
};

/** What a host was found to be, before anything is installed there. Nothing is guessed: what could not be read is unknown. */
export type HostSurvey = {
  readonly hostId: string;
  readonly address: string;
  /** Who logs in, and whether root is available without a password. */
  readonly user: string;
  readonly sudo: boolean;
  /** Tools of a usual Linux that are missing. */
  readonly missingTools: readonly string[];
  readonly cpuCores: Known<number>;
  readonly hasAvx2: Known<boolean>;
  readonly memoryBytes: Known<number>;
  readonly swapBytes: Known<number>;
  /** The word in brackets of `/sys/kernel/mm/transparent_hugepage/enabled`. */
  readonly hugePages: Known<string>;
  /** Of `/proc/sys`, by their names: `vm.overcommit_memory`, `vm.swappiness`, `vm.max_map_count`, `net.core.somaxconn`, … */
  readonly kernel: ReadonlyMap<string, Known<number>>;
  /** Limits of the user who logs in; infinite = `unlimited`. */
  readonly openFiles: Known<number>;
  readonly userProcesses: Known<number>;
  /** By how much the host's clock is ahead of ours, and how exactly that is known. */
  readonly clock: Known<{ readonly aheadMs: number; readonly withinMs: number }>;
  readonly java: readonly { readonly home: string | null; readonly version: string; readonly hasCompiler: boolean }[];
  /** TCP ports that something listens on, whoever it is. */
  readonly listening: Known<readonly ListeningPort[]>;
  /** Nodes of StarRocks that run there, ours or not. */
  readonly nodes: Known<readonly NodeOnMachine[]>;
  /** By the path that was asked for. */
  readonly paths: ReadonlyMap<string, Known<SurveyedPath>>;
};

export type ListeningPort = { readonly address: string; readonly port: number };

/** A node that was found on a machine by its process. */
export type NodeOnMachine = {
  readonly kind: NodeKind;
  readonly pid: number;
  /** STARROCKS_HOME of the process. */
  readonly deployDir: string;
  /** The user it runs as. */
  readonly user: string | null;
  /** The systemd unit whose control group it is in; null = none. */
  readonly unit: string | null;
  /** Ports by their keys in the conf file, as the node reads them. */
  readonly ports: ReadonlyMap<string, Known<number>>;
  /** `meta_dir` or the paths of `storage_root_path`. */
  readonly dataDirs: Known<readonly string[]>;
};

export type SurveyedPath = {
  readonly exists: boolean;
  /** Null = it is not there. */
  readonly isDirectory: boolean | null;
  readonly isEmpty: boolean | null;
  /** Whether the user who logs in may write there, or make it if it is not there. */
  readonly isWritable: boolean;
  /** The nearest directory that is there, and its file system. */
  readonly mount: string;
  readonly freeBytes: Known<number>;
  readonly totalBytes: Known<number>;
  /** `SSD` or `HDD` by the kernel's word on rotation; unknown on most virtual disks. */
  readonly medium: Known<'SSD' | 'HDD'>;
};
