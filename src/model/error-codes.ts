import type { ErrorCodeInfo } from './errors.ts';

/** The closed set of error codes; docs/errors.md is generated from it. Keep each room's codes together. */
export const ERROR_CODES = {
  // configuration
  CONFIG_INVALID: {
    class: 'configuration',
    cause: 'The configuration file has an unknown key, a missing key or a value of the wrong form.',
    remedy: 'Correct the path that the message names; `watershard validate --config FILE` checks without running.',
  },
  CONFIG_UNREADABLE: {
    class: 'configuration',
    cause: 'The configuration file does not exist, cannot be read, or is not YAML.',
    remedy: 'Check the path given with --config and the line that the message names.',
  },
  CONFIG_VARIABLE_MISSING: {
    class: 'configuration',
    cause: 'The configuration refers to an environment variable that is not set.',
    remedy: 'Set the variable, or give a default with ${NAME:-default}.',
  },
  CONFIG_NEEDS_RESTART: {
    class: 'configuration',
    cause: 'The changed configuration changes a setting that holds for the life of the process.',
    remedy: 'Restart the process to apply it, or take that change back; until then the former configuration goes on.',
  },
  CONFIG_NOT_STARTED: {
    class: 'configuration',
    cause:
      'The changed configuration waited for longer than reload.timeout for a sink or an API server that it has changed.',
    remedy: 'Correct the address or the credentials that the message names; SIGHUP has the same file tried again.',
  },
  // watch
  KUBECONFIG_INVALID: {
    class: 'configuration',
    cause: 'No kubeconfig could be loaded, or it names no usable cluster or user.',
    remedy: 'Set `kubeconfig` in the configuration or KUBECONFIG in the environment, and try it with kubectl.',
  },
  API_UNREACHABLE: {
    class: 'transient',
    cause: 'The API server did not answer, or the connection broke.',
    remedy: 'Check the address in the kubeconfig and the network; it is tried again with a growing delay.',
  },
  API_UNAUTHORIZED: {
    class: 'transient',
    cause: 'The API server refused the credentials (401), also after they were read again.',
    remedy: 'Renew the token or the client certificate of the kubeconfig user.',
  },
  API_FORBIDDEN: {
    class: 'forbidden',
    cause: 'The credentials may not list or watch this resource (403).',
    remedy: 'Grant get, list and watch on the resource, or exclude it; it is tried again about once a minute.',
  },
  API_STATUS: {
    class: 'transient',
    cause: 'The API server answered with an unexpected HTTP status.',
    remedy: "See the message for the status and the server's own words; it is tried again with a growing delay.",
  },
  WATCH_EXPIRED: {
    class: 'transient',
    cause: 'The position is older than what the API server keeps (410).',
    remedy: 'Nothing to do: the resource is listed again and compared with what is known.',
  },
  WATCH_RESTORED: {
    class: 'transient',
    cause: 'The API server is at an older resourceVersion than before: its etcd was restored from a backup.',
    remedy:
      'Nothing to do: the resource is listed again and compared by content, and the ids of its records carry a number from now on, as versions are given a second time.',
  },
  SHARD_MISMATCH: {
    class: 'transient',
    cause:
      'A list says that it is of another shard (metadata.shardInfo) than was asked for: what it lacks is not taken.',
    remedy:
      'Look for what changes or caches requests between here and the API server; it is tried again with a growing delay. Without watch.shard nothing is asked.',
  },
  WATCH_STALLED: {
    class: 'transient',
    cause: 'A watch was silent for longer than a bookmark takes: the connection is half open.',
    remedy: 'Nothing to do: the watch is opened again at its position.',
  },
  FRAME_MALFORMED: {
    class: 'terminal',
    cause: 'A watch event or list item is not valid JSON or lacks its identity.',
    remedy: 'The frame was set aside and counted; see the log for the stream and the reason.',
  },
  RESOURCE_UNKNOWN: {
    class: 'terminal',
    cause: 'The configuration names a resource that the API server does not serve.',
    remedy: 'Check the name (`resource` or `resource.group`); it is watched as soon as the server serves it.',
  },
  // shard
  WORKER_CRASHED: {
    class: 'transient',
    cause: 'A worker thread ended unexpectedly.',
    remedy: 'Nothing to do: it is replaced, and its streams go on from their last commit.',
  },
  WORKER_UNUSABLE: {
    class: 'configuration',
    cause: 'Worker threads end before they have done anything: a damaged installation, or too little memory.',
    remedy: 'Install Watershard again, raise flow.workerHeap, or give the process more memory.',
  },
  // transform
  OBJECT_POISONOUS: {
    class: 'terminal',
    cause: 'An object could not be processed.',
    remedy: 'The object was set aside by its key and counted; it goes to the dead-letter exporter if there is one.',
  },
  EXPRESSION_INVALID: {
    class: 'configuration',
    cause: 'A CEL expression of a rule does not compile.',
    remedy: 'Correct the expression that the message names.',
  },
  PATH_INVALID: {
    class: 'configuration',
    cause: 'A path in prune, ignore or redact cannot be read.',
    remedy: "Write it like metadata.annotations['example.com/key'] or spec.containers[*].env.",
  },
  // state
  STATE_UNAVAILABLE: {
    class: 'transient',
    cause: 'The state store did not answer.',
    remedy: 'Check the address in state.url; nothing is committed meanwhile, and it is tried again.',
  },
  STATE_REFUSED: {
    class: 'transient',
    cause: 'The state store refused the credentials, or a command for lack of permission.',
    remedy:
      'Check user and password in state.url, and that the user may run scripts and CONFIG or INFO; it is tried again.',
  },
  STATE_LOST: {
    class: 'transient',
    cause:
      'The state store has lost what was committed (flushed, restarted empty, evicted, or failed over to a lagging replica).',
    remedy:
      'An empty state is written anew and gap markers are sent; after an older one everything since is delivered again with the same ids. Give Redis persistence, and min-replicas-to-write with a small min-replicas-max-lag.',
  },
  STATE_HELD: {
    class: 'transient',
    cause: 'Another instance is using this state.',
    remedy: 'Stop the other instance, or give this one its own cluster name, dataDir or Redis database.',
  },
  STATE_OF_ANOTHER_CLUSTER: {
    class: 'configuration',
    cause: 'The state was written for a cluster with another kube-system uid.',
    remedy: 'Give each cluster its own name, or remove the old state.',
  },
  STATE_SCHEMA: {
    class: 'configuration',
    cause: 'The state was written by a version of Watershard with another schema.',
    remedy: 'Run the version that wrote it, or remove the old state (everything is then sent as a snapshot again).',
  },
  STATE_EVICTING: {
    class: 'configuration',
    cause: 'Redis is set to evict keys when its memory is full, which would lose state unnoticed.',
    remedy: 'Set maxmemory-policy to noeviction for the Redis that holds the state.',
  },
  STATE_FULL: {
    class: 'transient',
    cause: 'The state store has no room (disk full, or Redis out of memory).',
    remedy: 'Make room; nothing is committed meanwhile, and it is tried again.',
  },
  STATE_CORRUPT: {
    class: 'configuration',
    cause: 'The embedded state file is damaged.',
    remedy: 'Remove the file (everything is then sent as a snapshot again) and check the disk.',
  },
  // exporters
  EXPORTER_UNREACHABLE: {
    class: 'transient',
    cause: 'A sink did not answer, or the connection broke.',
    remedy: 'Check the address and the network; records wait, and it is tried again.',
  },
  EXPORTER_REFUSED: {
    class: 'transient',
    cause: 'A sink refused the credentials.',
    remedy: 'Check the credentials that the environment gives; records wait, and it is tried again.',
  },
  EXPORTER_TARGET_MISSING: {
    class: 'transient',
    cause: 'The stream, bucket or folder that a sink writes to does not exist.',
    remedy: 'Create it, or let Watershard create it where the exporter has an option for that; it is tried again.',
  },
  EXPORTER_FULL: {
    class: 'transient',
    cause: 'A sink has no room for more.',
    remedy: 'Make room or raise the limit; records wait, and it is tried again.',
  },
  EXPORTER_MISCONFIGURED: {
    class: 'configuration',
    cause: 'A sink is there, but its settings do not fit what the configuration asks for.',
    remedy: 'Change the setting that the message names.',
  },
  EXPORTER_DRIVER_MISSING: {
    class: 'configuration',
    cause: "The client library of a sink's vendor is not installed: it is optional, so that the core stays small.",
    remedy: 'Install the package that the message names beside Watershard.',
  },
  RECORD_TOO_LARGE: {
    class: 'terminal',
    cause: 'A record is larger than the sink accepts.',
    remedy: 'Configure a claim check or a dead-letter exporter, prune the object, or raise the limit of the sink.',
  },
  RECORD_REJECTED: {
    class: 'terminal',
    cause: 'A sink refused a record for what it is.',
    remedy: 'The record was set aside and counted; see the log for the reason.',
  },
  RECORD_UNROUTABLE: {
    class: 'terminal',
    cause:
      'A sink has nobody to give a record to: no queue is bound for it, and the exporter is set to drop such records.',
    remedy: 'Bind a queue for its routing key, or set `unroutable: retry` to let it wait for one.',
  },
  // buffer
  BUFFER_UNUSABLE: {
    class: 'configuration',
    cause: 'The folder for the buffer of an exporter cannot be made or read.',
    remedy: 'Give the user of the process a dataDir that it may write to, or let the buffer be of type memory.',
  },
  BUFFER_UNWRITABLE: {
    class: 'transient',
    cause: 'The buffer of an exporter cannot be written or read: the disk is full, away or broken.',
    remedy:
      'Make room in dataDir, or lower buffer.bytes; it is tried again, and meanwhile a few MiB wait in memory and the rest is dropped by the policy.',
  },
  // query
  QUERY_DRIVER_MISSING: {
    class: 'configuration',
    cause: 'DuckDB, with which tables are queried, is not installed: it is optional, so that the core stays small.',
    remedy:
      'Run `npm install @duckdb/node-api` beside Watershard, or ask the tables with another program (docs/query.md).',
  },
  QUERY_TABLE_MISSING: {
    class: 'terminal',
    cause: 'The table that a query names has no file yet, or it is looked for in the wrong place.',
    remedy:
      'Check the path that the message names. `inventory` is written by `watershard snapshot` and with inventoryInterval.',
  },
  QUERY_FAILED: {
    class: 'terminal',
    cause: 'DuckDB could not carry out the query, or could not read the tables.',
    remedy: "See DuckDB's words; `DESCRIBE changes` shows the columns.",
  },
  // topology
  DRAIN_TIMEOUT: {
    class: 'transient',
    cause: 'Not everything was delivered within the grace period.',
    remedy: 'Nothing to do: the rest is sent after the next start.',
  },
  // telemetry
  TELEMETRY_DRIVER_MISSING: {
    class: 'configuration',
    cause: 'A package of OpenTelemetry is not installed: they are optional, so that the core stays small.',
    remedy: 'Install the packages that the message names beside Watershard, or leave telemetry.otlp out.',
  },
  INTERNAL: {
    class: 'terminal',
    cause: 'A defect in Watershard.',
    remedy: 'Please report it with the message and the log around it.',
  },
} as const satisfies Record<string, ErrorCodeInfo>;
