import { Command } from 'commander';
import { parseConfig } from '../config/load.ts';
import { redactConfig } from '../config/redact.ts';
import type { Config } from '../config/schema.ts';
import { EXIT } from './failure.ts';
import { type KollectFlags, kollectConfig } from './kollect-config.ts';
import { runSession } from './session.ts';

interface Options extends KollectFlags {
  readonly printConfig?: true;
}

export function kollectCommand(): Command {
  return new Command('kollect')
    .summary('do what kollect does: its flags, buses and messages')
    .description(
      'In the place of kollect (davidsbond): takes its flags, its bus URLs and environment variables, and writes its messages.\nUnlike it, it remembers what it has sent: keep --data-dir over restarts.',
    )
    .option('--cluster-id <id>', 'the cluster as events and keys name it', '')
    .option(
      '--event-writer-url <url>',
      'the bus: kafka://TOPIC (KAFKA_BROKERS), nats://SUBJECT (NATS_SERVER_URL), rabbit://EXCHANGE (RABBIT_SERVER_URL), awssns:///ARN or awssqs://HOST/ACCOUNT/QUEUE (credentials as AWS has them), gcppubsub://PROJECT/TOPIC, azuresb://TOPIC (SERVICEBUS_CONNECTION_STRING)',
      '',
    )
    .option('--kube-config <file>', 'path of the kubeconfig; by default as kubectl finds it', '')
    .option('--namespace <name>', 'watch this namespace alone', '')
    .option('--wait-for-sync', 'send nothing of what is there at the first start', false)
    .option('--data-dir <folder>', 'folder for what is remembered', './watershard-data')
    .option('--listen <address>', 'address of /__/metrics, /__/ready and /__/health', '0.0.0.0:8081')
    .option('--print-config', 'print the same as a configuration for `watershard run`, and exit; passwords are masked')
    .allowExcessArguments(true) // as kollect does
    .addHelpText(
      'after',
      '\nExample:\n  KAFKA_BROKERS=kafka:9092 watershard kollect --cluster-id prod --event-writer-url kafka://kollect',
    )
    .action(async (options: Options) => {
      const settings = kollectConfig(options, process.env);
      const config = await checked(settings);
      if (options.printConfig) return console.log(JSON.stringify(redactConfig(settings), null, 2));
      const outcome = await runSession(config, { mode: 'run' });
      process.exitCode = outcome.delivered ? EXIT.ok : EXIT.failed;
    });
}

async function checked(settings: unknown): Promise<Config> {
  const { checkConfig } = await import('../topology/check.ts');
  // JSON is YAML; an empty environment, since a value may hold anything
  const text = JSON.stringify(settings).replaceAll('${', '$${');
  return parseConfig(text, 'of kollect', { environment: {}, checks: [checkConfig] });
}
