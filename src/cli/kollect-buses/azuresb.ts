/** `azuresb://TOPIC` with SERVICEBUS_CONNECTION_STRING. */
export function azureServiceBus(topic: string, connectionString: string): Readonly<Record<string, unknown>> {
  return { type: 'servicebus', connectionString, topic };
}
