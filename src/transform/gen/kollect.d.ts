// Generated from proto/kollect/event/v1/event.proto and proto/kollect/resource/event/v1/event.proto by tools/generate-proto.mjs. Do not edit.
import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace kollect. */
export namespace kollect {

    /** Namespace event. */
    namespace event {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of an Envelope.
             * @deprecated Use kollect.event.v1.Envelope.$Properties instead.
             */
            interface IEnvelope extends kollect.event.v1.Envelope.$Properties {
            }

            /** Represents an Envelope. */
            class Envelope {

                /**
                 * Constructs a new Envelope.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: kollect.event.v1.Envelope.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Envelope id. */
                id: string;

                /** Envelope timestamp. */
                timestamp?: (google.protobuf.Timestamp.$Properties|null);

                /** Envelope appliesAt. */
                appliesAt?: (google.protobuf.Timestamp.$Properties|null);

                /** Envelope payload. */
                payload?: (google.protobuf.Any.$Properties|null);

                /**
                 * Encodes the specified Envelope message. Does not implicitly {@link kollect.event.v1.Envelope.verify|verify} messages.
                 * @param message Envelope message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: kollect.event.v1.Envelope.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Envelope message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {kollect.event.v1.Envelope & kollect.event.v1.Envelope.$Shape} Envelope
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): kollect.event.v1.Envelope & kollect.event.v1.Envelope.$Shape;
            }

            namespace Envelope {

                /** Properties of an Envelope. */
                interface $Properties {

                    /** Envelope id */
                    id?: (string|null);

                    /** Envelope timestamp */
                    timestamp?: (google.protobuf.Timestamp.$Properties|null);

                    /** Envelope appliesAt */
                    appliesAt?: (google.protobuf.Timestamp.$Properties|null);

                    /** Envelope payload */
                    payload?: (google.protobuf.Any.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Envelope. */
                type $Shape = kollect.event.v1.Envelope.$Properties;
            }
        }
    }

    /** Namespace resource. */
    namespace resource {

        /** Namespace event. */
        namespace event {

            /** Namespace v1. */
            namespace v1 {

                /**
                 * Properties of a ResourceCreatedEvent.
                 * @deprecated Use kollect.resource.event.v1.ResourceCreatedEvent.$Properties instead.
                 */
                interface IResourceCreatedEvent extends kollect.resource.event.v1.ResourceCreatedEvent.$Properties {
                }

                /** Represents a ResourceCreatedEvent. */
                class ResourceCreatedEvent {

                    /**
                     * Constructs a new ResourceCreatedEvent.
                     * @param [properties] Properties to set
                     */
                    constructor(properties?: kollect.resource.event.v1.ResourceCreatedEvent.$Properties);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];

                    /** ResourceCreatedEvent uid. */
                    uid: string;

                    /** ResourceCreatedEvent resource. */
                    resource: Uint8Array;

                    /** ResourceCreatedEvent clusterId. */
                    clusterId: string;

                    /**
                     * Encodes the specified ResourceCreatedEvent message. Does not implicitly {@link kollect.resource.event.v1.ResourceCreatedEvent.verify|verify} messages.
                     * @param message ResourceCreatedEvent message or plain object to encode
                     * @param [writer] Writer to encode to
                     * @returns Writer
                     */
                    static encode(message: kollect.resource.event.v1.ResourceCreatedEvent.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                    /**
                     * Decodes a ResourceCreatedEvent message from the specified reader or buffer.
                     * @param reader Reader or buffer to decode from
                     * @param [length] Message length if known beforehand
                     * @returns {kollect.resource.event.v1.ResourceCreatedEvent & kollect.resource.event.v1.ResourceCreatedEvent.$Shape} ResourceCreatedEvent
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): kollect.resource.event.v1.ResourceCreatedEvent & kollect.resource.event.v1.ResourceCreatedEvent.$Shape;
                }

                namespace ResourceCreatedEvent {

                    /** Properties of a ResourceCreatedEvent. */
                    interface $Properties {

                        /** ResourceCreatedEvent uid */
                        uid?: (string|null);

                        /** ResourceCreatedEvent resource */
                        resource?: (Uint8Array|null);

                        /** ResourceCreatedEvent clusterId */
                        clusterId?: (string|null);

                        /** Unknown fields preserved while decoding when enabled */
                        $unknowns?: Uint8Array[];
                    }

                    /** Shape of a ResourceCreatedEvent. */
                    type $Shape = kollect.resource.event.v1.ResourceCreatedEvent.$Properties;
                }

                /**
                 * Properties of a ResourceDeletedEvent.
                 * @deprecated Use kollect.resource.event.v1.ResourceDeletedEvent.$Properties instead.
                 */
                interface IResourceDeletedEvent extends kollect.resource.event.v1.ResourceDeletedEvent.$Properties {
                }

                /** Represents a ResourceDeletedEvent. */
                class ResourceDeletedEvent {

                    /**
                     * Constructs a new ResourceDeletedEvent.
                     * @param [properties] Properties to set
                     */
                    constructor(properties?: kollect.resource.event.v1.ResourceDeletedEvent.$Properties);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];

                    /** ResourceDeletedEvent uid. */
                    uid: string;

                    /** ResourceDeletedEvent clusterId. */
                    clusterId: string;

                    /**
                     * Encodes the specified ResourceDeletedEvent message. Does not implicitly {@link kollect.resource.event.v1.ResourceDeletedEvent.verify|verify} messages.
                     * @param message ResourceDeletedEvent message or plain object to encode
                     * @param [writer] Writer to encode to
                     * @returns Writer
                     */
                    static encode(message: kollect.resource.event.v1.ResourceDeletedEvent.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                    /**
                     * Decodes a ResourceDeletedEvent message from the specified reader or buffer.
                     * @param reader Reader or buffer to decode from
                     * @param [length] Message length if known beforehand
                     * @returns {kollect.resource.event.v1.ResourceDeletedEvent & kollect.resource.event.v1.ResourceDeletedEvent.$Shape} ResourceDeletedEvent
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): kollect.resource.event.v1.ResourceDeletedEvent & kollect.resource.event.v1.ResourceDeletedEvent.$Shape;
                }

                namespace ResourceDeletedEvent {

                    /** Properties of a ResourceDeletedEvent. */
                    interface $Properties {

                        /** ResourceDeletedEvent uid */
                        uid?: (string|null);

                        /** ResourceDeletedEvent clusterId */
                        clusterId?: (string|null);

                        /** Unknown fields preserved while decoding when enabled */
                        $unknowns?: Uint8Array[];
                    }

                    /** Shape of a ResourceDeletedEvent. */
                    type $Shape = kollect.resource.event.v1.ResourceDeletedEvent.$Properties;
                }

                /**
                 * Properties of a ResourceUpdatedEvent.
                 * @deprecated Use kollect.resource.event.v1.ResourceUpdatedEvent.$Properties instead.
                 */
                interface IResourceUpdatedEvent extends kollect.resource.event.v1.ResourceUpdatedEvent.$Properties {
                }

                /** Represents a ResourceUpdatedEvent. */
                class ResourceUpdatedEvent {

                    /**
                     * Constructs a new ResourceUpdatedEvent.
                     * @param [properties] Properties to set
                     */
                    constructor(properties?: kollect.resource.event.v1.ResourceUpdatedEvent.$Properties);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];

                    /** ResourceUpdatedEvent uid. */
                    uid: string;

                    /** ResourceUpdatedEvent then. */
                    then: Uint8Array;

                    /** ResourceUpdatedEvent now. */
                    now: Uint8Array;

                    /** ResourceUpdatedEvent clusterId. */
                    clusterId: string;

                    /**
                     * Encodes the specified ResourceUpdatedEvent message. Does not implicitly {@link kollect.resource.event.v1.ResourceUpdatedEvent.verify|verify} messages.
                     * @param message ResourceUpdatedEvent message or plain object to encode
                     * @param [writer] Writer to encode to
                     * @returns Writer
                     */
                    static encode(message: kollect.resource.event.v1.ResourceUpdatedEvent.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                    /**
                     * Decodes a ResourceUpdatedEvent message from the specified reader or buffer.
                     * @param reader Reader or buffer to decode from
                     * @param [length] Message length if known beforehand
                     * @returns {kollect.resource.event.v1.ResourceUpdatedEvent & kollect.resource.event.v1.ResourceUpdatedEvent.$Shape} ResourceUpdatedEvent
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): kollect.resource.event.v1.ResourceUpdatedEvent & kollect.resource.event.v1.ResourceUpdatedEvent.$Shape;
                }

                namespace ResourceUpdatedEvent {

                    /** Properties of a ResourceUpdatedEvent. */
                    interface $Properties {

                        /** ResourceUpdatedEvent uid */
                        uid?: (string|null);

                        /** ResourceUpdatedEvent then */
                        then?: (Uint8Array|null);

                        /** ResourceUpdatedEvent now */
                        now?: (Uint8Array|null);

                        /** ResourceUpdatedEvent clusterId */
                        clusterId?: (string|null);

                        /** Unknown fields preserved while decoding when enabled */
                        $unknowns?: Uint8Array[];
                    }

                    /** Shape of a ResourceUpdatedEvent. */
                    type $Shape = kollect.resource.event.v1.ResourceUpdatedEvent.$Properties;
                }
            }
        }
    }
}

/** Namespace google. */
export namespace google {

    /** Namespace protobuf. */
    namespace protobuf {

        /**
         * Properties of an Any.
         * @deprecated Use google.protobuf.Any.$Properties instead.
         */
        interface IAny extends google.protobuf.Any.$Properties {
        }

        /** Represents an Any. */
        class Any {

            /**
             * Constructs a new Any.
             * @param [properties] Properties to set
             */
            constructor(properties?: google.protobuf.Any.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Any type_url. */
            type_url: string;

            /** Any value. */
            value: Uint8Array;

            /**
             * Encodes the specified Any message. Does not implicitly {@link google.protobuf.Any.verify|verify} messages.
             * @param message Any message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: google.protobuf.Any.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Any message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {google.protobuf.Any & google.protobuf.Any.$Shape} Any
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.protobuf.Any & google.protobuf.Any.$Shape;
        }

        namespace Any {

            /** Properties of an Any. */
            interface $Properties {

                /** Any type_url */
                type_url?: (string|null);

                /** Any value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Any. */
            type $Shape = google.protobuf.Any.$Properties;
        }

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
