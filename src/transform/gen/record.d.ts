// Generated from proto/watershard/record/v1/record.proto by tools/generate-proto.mjs. Do not edit.
import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace watershard. */
export namespace watershard {

    /** Namespace record. */
    namespace record {

        /** Namespace v1. */
        namespace v1 {

            /** Operation enum. */
            enum Operation {

                /** OPERATION_UNSPECIFIED value */
                OPERATION_UNSPECIFIED = 0,

                /** OPERATION_SNAPSHOT value */
                OPERATION_SNAPSHOT = 1,

                /** OPERATION_CREATED value */
                OPERATION_CREATED = 2,

                /** OPERATION_UPDATED value */
                OPERATION_UPDATED = 3,

                /** OPERATION_DELETED value */
                OPERATION_DELETED = 4,

                /** OPERATION_GAP value */
                OPERATION_GAP = 5
            }

            /** DetectedBy enum. */
            enum DetectedBy {

                /** DETECTED_BY_UNSPECIFIED value */
                DETECTED_BY_UNSPECIFIED = 0,

                /** DETECTED_BY_WATCH value */
                DETECTED_BY_WATCH = 1,

                /** DETECTED_BY_LIST value */
                DETECTED_BY_LIST = 2,

                /** DETECTED_BY_RELIST value */
                DETECTED_BY_RELIST = 3
            }

            /**
             * Properties of a ChangeRecord.
             * @deprecated Use watershard.record.v1.ChangeRecord.$Properties instead.
             */
            interface IChangeRecord extends watershard.record.v1.ChangeRecord.$Properties {
            }

            /** Represents a ChangeRecord. */
            class ChangeRecord {

                /**
                 * Constructs a new ChangeRecord.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: watershard.record.v1.ChangeRecord.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ChangeRecord id. */
                id: string;

                /** ChangeRecord operation. */
                operation: watershard.record.v1.Operation;

                /** ChangeRecord cluster. */
                cluster: string;

                /** ChangeRecord clusterUid. */
                clusterUid: string;

                /** ChangeRecord group. */
                group: string;

                /** ChangeRecord version. */
                version: string;

                /** ChangeRecord kind. */
                kind: string;

                /** ChangeRecord resource. */
                resource: string;

                /** ChangeRecord namespace. */
                namespace: string;

                /** ChangeRecord name. */
                name: string;

                /** ChangeRecord uid. */
                uid: string;

                /** ChangeRecord resourceVersion. */
                resourceVersion: string;

                /** ChangeRecord observedAt. */
                observedAt?: (google.protobuf.Timestamp.$Properties|null);

                /** ChangeRecord detectedBy. */
                detectedBy: watershard.record.v1.DetectedBy;

                /** ChangeRecord fields. */
                fields?: (Uint8Array|null);

                /** ChangeRecord object. */
                object?: (Uint8Array|null);

                /** ChangeRecord patch. */
                patch?: (Uint8Array|null);

                /**
                 * Encodes the specified ChangeRecord message. Does not implicitly {@link watershard.record.v1.ChangeRecord.verify|verify} messages.
                 * @param message ChangeRecord message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: watershard.record.v1.ChangeRecord.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ChangeRecord message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {watershard.record.v1.ChangeRecord & watershard.record.v1.ChangeRecord.$Shape} ChangeRecord
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): watershard.record.v1.ChangeRecord & watershard.record.v1.ChangeRecord.$Shape;
            }

            namespace ChangeRecord {

                /** Properties of a ChangeRecord. */
                interface $Properties {

                    /** ChangeRecord id */
                    id?: (string|null);

                    /** ChangeRecord operation */
                    operation?: (watershard.record.v1.Operation|null);

                    /** ChangeRecord cluster */
                    cluster?: (string|null);

                    /** ChangeRecord clusterUid */
                    clusterUid?: (string|null);

                    /** ChangeRecord group */
                    group?: (string|null);

                    /** ChangeRecord version */
                    version?: (string|null);

                    /** ChangeRecord kind */
                    kind?: (string|null);

                    /** ChangeRecord resource */
                    resource?: (string|null);

                    /** ChangeRecord namespace */
                    namespace?: (string|null);

                    /** ChangeRecord name */
                    name?: (string|null);

                    /** ChangeRecord uid */
                    uid?: (string|null);

                    /** ChangeRecord resourceVersion */
                    resourceVersion?: (string|null);

                    /** ChangeRecord observedAt */
                    observedAt?: (google.protobuf.Timestamp.$Properties|null);

                    /** ChangeRecord detectedBy */
                    detectedBy?: (watershard.record.v1.DetectedBy|null);

                    /** ChangeRecord fields */
                    fields?: (Uint8Array|null);

                    /** ChangeRecord object */
                    object?: (Uint8Array|null);

                    /** ChangeRecord patch */
                    patch?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ChangeRecord. */
                type $Shape = watershard.record.v1.ChangeRecord.$Properties;
            }
        }
    }
}

/** Namespace google. */
export namespace google {

    /** Namespace protobuf. */
    namespace protobuf {

        /**
         * Properties of a Timestamp.
         * @deprecated Use google.protobuf.Timestamp.$Properties instead.
         */
        interface ITimestamp extends google.protobuf.Timestamp.$Properties {
        }

        /** Represents a Timestamp. */
        class Timestamp {

            /**
             * Constructs a new Timestamp.
             * @param [properties] Properties to set
             */
            constructor(properties?: google.protobuf.Timestamp.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Timestamp seconds. */
            seconds: number;

            /** Timestamp nanos. */
            nanos: number;

            /**
             * Encodes the specified Timestamp message. Does not implicitly {@link google.protobuf.Timestamp.verify|verify} messages.
             * @param message Timestamp message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: google.protobuf.Timestamp.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Timestamp message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape} Timestamp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape;
        }

        namespace Timestamp {

            /** Properties of a Timestamp. */
            interface $Properties {

                /** Timestamp seconds */
                seconds?: (number|null);

                /** Timestamp nanos */
                nanos?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Timestamp. */
            type $Shape = google.protobuf.Timestamp.$Properties;
        }
    }
}
