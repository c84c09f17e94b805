import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

/** The part of opentelemetry-proto 1.x that is looked at; unknown fields are stepped over. */
const PROTO = `
syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message NumberPoint { repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; } }
message Gauge { repeated NumberPoint data_points = 1; }
message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message HistogramPoint { repeated KeyValue attributes = 9; fixed64 count = 4; double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; }
message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; } }
message ScopeMetrics { repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Metrics { repeated ResourceMetrics resource_metrics = 1; }
message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; }
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Traces { repeated ResourceSpans resource_spans = 1; }
`;
const { root } = protobuf.parse(PROTO);

type Attributes = Record<string, string | number | boolean>;
interface KeyValue {
  readonly key: string;
  readonly value: { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean };
}
interface RawPoint {
  readonly attributes?: readonly KeyValue[];
  readonly asDouble?: number;
  readonly asInt?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly bucketCounts?: number[];
  readonly explicitBounds?: number[];
}
interface RawData {
  readonly dataPoints?: readonly RawPoint[];
  readonly isMonotonic?: boolean;
  readonly aggregationTemporality?: number;
}
interface RawMetric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: RawData;
  readonly sum?: RawData;
  readonly histogram?: RawData;
}
interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: number;
  readonly endTimeUnixNano: number;
  readonly attributes?: readonly KeyValue[];
}
interface Body<Scope extends string, Item extends string, T> {
  readonly resourceMetrics?: readonly Part<Scope, Item, T>[];
  readonly resourceSpans?: readonly Part<Scope, Item, T>[];
}
type Part<Scope extends string, Item extends string, T> = { readonly resource: { attributes: KeyValue[] } } & Readonly<
  Record<Scope, readonly Readonly<Record<Item, readonly T[]>>[]>
>;

export interface SeenMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly monotonic: boolean;
  /** 2 is cumulative; 0 for a gauge. */
  readonly temporality: number;
  readonly points: readonly {
    readonly attributes: Attributes;
    readonly value: number;
    readonly counts: readonly number[];
    readonly bounds: readonly number[];
    readonly count: number;
  }[];
}

export interface SeenSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent: string;
  readonly name: string;
  /** Unix time, nanoseconds, as far as a double has them. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
}

/** A receiver of OTLP over HTTP (protobuf) that keeps what it was sent. */
export class OtlpReceiver {
  /** As they were sent last. */
  metrics: readonly SeenMetric[] = [];
  readonly spans: SeenSpan[] = [];
  resource: Attributes = {};
  headers: IncomingHttpHeaders = {};
  /** Requests, also refused ones. */
  requests = 0;
  /** What it answers. */
  status = 200;
  /** Everything that was sent, as it came. */
  bytes = Buffer.alloc(0);
  readonly #server = createServer(async (request, response) => {
    const sent = await buffer(request);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    this.requests++;
    this.headers = request.headers;
    if (this.status === 200) this.#take(request.url ?? '', body);
    response.writeHead(this.status, { 'content-type': 'application/x-protobuf' }).end();
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  metric(name: string): SeenMetric | undefined {
    return this.metrics.find((m) => m.name === name);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(path: string, body: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, body]);
    if (path === '/v1/metrics') {
      const { resourceMetrics = [] } = decode<Body<'scopeMetrics', 'metrics', RawMetric>>('Metrics', body);
      for (const { resource } of resourceMetrics) this.resource = attributesOf(resource.attributes);
      this.metrics = resourceMetrics.flatMap((r) => r.scopeMetrics.flatMap((s) => s.metrics.map(seenMetric)));
    } else if (path === '/v1/traces') {
      const { resourceSpans = [] } = decode<Body<'scopeSpans', 'spans', RawSpan>>('Traces', body);
      for (const { resource } of resourceSpans) this.resource = attributesOf(resource.attributes);
      this.spans.push(...resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans.map(seenSpan))));
    }
  }
}

function decode<T>(name: string, body: Buffer): T {
  const type = root.lookupType(name);
  return type.toObject(type.decode(body), { longs: Number, bytes: String, arrays: true }) as T;
}

function attributesOf(list: readonly KeyValue[] = []): Attributes {
  return Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? '',
    ]),
  );
}

function seenMetric({ name, unit = '', gauge, sum, histogram }: RawMetric): SeenMetric {
  const data = gauge ?? sum ?? histogram ?? {};
  return {
    name,
    unit,
    kind: gauge !== undefined ? 'gauge' : sum !== undefined ? 'sum' : 'histogram',
    monotonic: data.isMonotonic === true,
    temporality: data.aggregationTemporality ?? 0,
    points: (data.dataPoints ?? []).map((p) => ({
      attributes: attributesOf(p.attributes),
      value: p.asDouble ?? p.asInt ?? p.sum ?? 0,
      counts: p.bucketCounts ?? [],
      bounds: p.explicitBounds ?? [],
      count: p.count ?? 0,
    })),
  };
}

function seenSpan(span: RawSpan): SeenSpan {
  return {
    trace: span.traceId,
    id: span.spanId,
    parent: span.parentSpanId ?? '',
    name: span.name,
    start: span.startTimeUnixNano,
    end: span.endTimeUnixNano,
    attributes: attributesOf(span.attributes),
  };
}
