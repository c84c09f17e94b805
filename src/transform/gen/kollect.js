// Generated from proto/kollect/event/v1/event.proto and proto/kollect/resource/event/v1/event.proto by tools/generate-proto.mjs. Do not edit.
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["kollect"] || ($protobuf.roots["kollect"] = {});

export const kollect = $root.kollect = (() => {

    /**
     * Namespace kollect.
     * @exports kollect
     * @namespace
     */
    const kollect = {};

    kollect.event = (function() {

        /**
         * Namespace event.
         * @memberof kollect
         * @namespace
         */
        const event = {};

        event.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof kollect.event
             * @namespace
             */
            const v1 = {};

            v1.Envelope = (function() {

                /**
                 * Properties of an Envelope.
                 * @typedef {Object} kollect.event.v1.Envelope.$Properties
                 * @property {string|null} [id] Envelope id
                 * @property {google.protobuf.Timestamp.$Properties|null} [timestamp] Envelope timestamp
                 * @property {google.protobuf.Timestamp.$Properties|null} [appliesAt] Envelope appliesAt
                 * @property {google.protobuf.Any.$Properties|null} [payload] Envelope payload
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Envelope.
                 * @memberof kollect.event.v1
                 * @interface IEnvelope
                 * @augments kollect.event.v1.Envelope.$Properties
                 * @deprecated Use kollect.event.v1.Envelope.$Properties instead.
                 */

                /**
                 * Shape of an Envelope.
                 * @typedef {kollect.event.v1.Envelope.$Properties} kollect.event.v1.Envelope.$Shape
                 */

                /**
                 * Constructs a new Envelope.
                 * @memberof kollect.event.v1
                 * @classdesc Represents an Envelope.
                 * @constructor
                 * @param {kollect.event.v1.Envelope.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Envelope = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Envelope id.
                 * @member {string} id
                 * @memberof kollect.event.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.id = "";

                /**
                 * Envelope timestamp.
                 * @member {google.protobuf.Timestamp.$Properties|null|undefined} timestamp
                 * @memberof kollect.event.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.timestamp = null;

                /**
                 * Envelope appliesAt.
                 * @member {google.protobuf.Timestamp.$Properties|null|undefined} appliesAt
                 * @memberof kollect.event.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.appliesAt = null;

                /**
                 * Envelope payload.
                 * @member {google.protobuf.Any.$Properties|null|undefined} payload
                 * @memberof kollect.event.v1.Envelope
                 * @instance
                 */
                Envelope.prototype.payload = null;

                /**
                 * Encodes the specified Envelope message. Does not implicitly {@link kollect.event.v1.Envelope.verify|verify} messages.
                 * @function encode
                 * @memberof kollect.event.v1.Envelope
                 * @static
                 * @param {kollect.event.v1.Envelope.$Properties} message Envelope message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Envelope.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                    if (message.timestamp != null && $Object.hasOwnProperty.call(message, "timestamp"))
                        $root.google.protobuf.Timestamp.encode(message.timestamp, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.appliesAt != null && $Object.hasOwnProperty.call(message, "appliesAt"))
                        $root.google.protobuf.Timestamp.encode(message.appliesAt, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.payload != null && $Object.hasOwnProperty.call(message, "payload"))
                        $root.google.protobuf.Any.encode(message.payload, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Envelope message from the specified reader or buffer.
                 * @function decode
                 * @memberof kollect.event.v1.Envelope
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {kollect.event.v1.Envelope & kollect.event.v1.Envelope.$Shape} Envelope
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Envelope.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.kollect.event.v1.Envelope();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.id = value;
                                else
                                    delete message.id;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                message.timestamp = $root.google.protobuf.Timestamp.decode(reader, reader.size(), $undefined, _depth + 1, message.timestamp);
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                message.appliesAt = $root.google.protobuf.Timestamp.decode(reader, reader.size(), $undefined, _depth + 1, message.appliesAt);
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                message.payload = $root.google.protobuf.Any.decode(reader, reader.size(), $undefined, _depth + 1, message.payload);
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Envelope;
            })();

            return v1;
        })();

        return event;
    })();

    kollect.resource = (function() {

        /**
         * Namespace resource.
         * @memberof kollect
         * @namespace
         */
        const resource = {};

        resource.event = (function() {

            /**
             * Namespace event.
             * @memberof kollect.resource
             * @namespace
             */
            const event = {};

            event.v1 = (function() {

                /**
                 * Namespace v1.
                 * @memberof kollect.resource.event
                 * @namespace
                 */
                const v1 = {};

                v1.ResourceCreatedEvent = (function() {

                    /**
                     * Properties of a ResourceCreatedEvent.
                     * @typedef {Object} kollect.resource.event.v1.ResourceCreatedEvent.$Properties
                     * @property {string|null} [uid] ResourceCreatedEvent uid
                     * @property {Uint8Array|null} [resource] ResourceCreatedEvent resource
                     * @property {string|null} [clusterId] ResourceCreatedEvent clusterId
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */

                    /**
                     * Properties of a ResourceCreatedEvent.
                     * @memberof kollect.resource.event.v1
                     * @interface IResourceCreatedEvent
                     * @augments kollect.resource.event.v1.ResourceCreatedEvent.$Properties
                     * @deprecated Use kollect.resource.event.v1.ResourceCreatedEvent.$Properties instead.
                     */

                    /**
                     * Shape of a ResourceCreatedEvent.
                     * @typedef {kollect.resource.event.v1.ResourceCreatedEvent.$Properties} kollect.resource.event.v1.ResourceCreatedEvent.$Shape
                     */

                    /**
                     * Constructs a new ResourceCreatedEvent.
                     * @memberof kollect.resource.event.v1
                     * @classdesc Represents a ResourceCreatedEvent.
                     * @constructor
                     * @param {kollect.resource.event.v1.ResourceCreatedEvent.$Properties=} [properties] Properties to set
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */
                    const ResourceCreatedEvent = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    /**
                     * ResourceCreatedEvent uid.
                     * @member {string} uid
                     * @memberof kollect.resource.event.v1.ResourceCreatedEvent
                     * @instance
                     */
                    ResourceCreatedEvent.prototype.uid = "";

                    /**
                     * ResourceCreatedEvent resource.
                     * @member {Uint8Array} resource
                     * @memberof kollect.resource.event.v1.ResourceCreatedEvent
                     * @instance
                     */
                    ResourceCreatedEvent.prototype.resource = $util.newBuffer([]);

                    /**
                     * ResourceCreatedEvent clusterId.
                     * @member {string} clusterId
                     * @memberof kollect.resource.event.v1.ResourceCreatedEvent
                     * @instance
                     */
                    ResourceCreatedEvent.prototype.clusterId = "";

                    /**
                     * Encodes the specified ResourceCreatedEvent message. Does not implicitly {@link kollect.resource.event.v1.ResourceCreatedEvent.verify|verify} messages.
                     * @function encode
                     * @memberof kollect.resource.event.v1.ResourceCreatedEvent
                     * @static
                     * @param {kollect.resource.event.v1.ResourceCreatedEvent.$Properties} message ResourceCreatedEvent message or plain object to encode
                     * @param {$protobuf.Writer} [writer] Writer to encode to
                     * @returns {$protobuf.Writer} Writer
                     */
                    ResourceCreatedEvent.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.uid != null && $Object.hasOwnProperty.call(message, "uid") && message.uid !== "")
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.uid);
                        if (message.resource != null && $Object.hasOwnProperty.call(message, "resource") && message.resource.length)
                            writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.resource);
                        if (message.clusterId != null && $Object.hasOwnProperty.call(message, "clusterId") && message.clusterId !== "")
                            writer.uint32(/* id 3, wireType 2 =*/26).string(message.clusterId);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    /**
                     * Decodes a ResourceCreatedEvent message from the specified reader or buffer.
                     * @function decode
                     * @memberof kollect.resource.event.v1.ResourceCreatedEvent
                     * @static
                     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                     * @param {number} [length] Message length if known beforehand
                     * @returns {kollect.resource.event.v1.ResourceCreatedEvent & kollect.resource.event.v1.ResourceCreatedEvent.$Shape} ResourceCreatedEvent
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    ResourceCreatedEvent.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.kollect.resource.event.v1.ResourceCreatedEvent();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.uid = value;
                                    else
                                        delete message.uid;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.bytes()).length)
                                        message.resource = value;
                                    else
                                        delete message.resource;
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.clusterId = value;
                                    else
                                        delete message.clusterId;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    return ResourceCreatedEvent;
                })();

                v1.ResourceDeletedEvent = (function() {

                    /**
                     * Properties of a ResourceDeletedEvent.
                     * @typedef {Object} kollect.resource.event.v1.ResourceDeletedEvent.$Properties
                     * @property {string|null} [uid] ResourceDeletedEvent uid
                     * @property {string|null} [clusterId] ResourceDeletedEvent clusterId
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */

                    /**
                     * Properties of a ResourceDeletedEvent.
                     * @memberof kollect.resource.event.v1
                     * @interface IResourceDeletedEvent
                     * @augments kollect.resource.event.v1.ResourceDeletedEvent.$Properties
                     * @deprecated Use kollect.resource.event.v1.ResourceDeletedEvent.$Properties instead.
                     */

                    /**
                     * Shape of a ResourceDeletedEvent.
                     * @typedef {kollect.resource.event.v1.ResourceDeletedEvent.$Properties} kollect.resource.event.v1.ResourceDeletedEvent.$Shape
                     */

                    /**
                     * Constructs a new ResourceDeletedEvent.
                     * @memberof kollect.resource.event.v1
                     * @classdesc Represents a ResourceDeletedEvent.
                     * @constructor
                     * @param {kollect.resource.event.v1.ResourceDeletedEvent.$Properties=} [properties] Properties to set
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */
                    const ResourceDeletedEvent = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    /**
                     * ResourceDeletedEvent uid.
                     * @member {string} uid
                     * @memberof kollect.resource.event.v1.ResourceDeletedEvent
                     * @instance
                     */
                    ResourceDeletedEvent.prototype.uid = "";

                    /**
                     * ResourceDeletedEvent clusterId.
                     * @member {string} clusterId
                     * @memberof kollect.resource.event.v1.ResourceDeletedEvent
                     * @instance
                     */
                    ResourceDeletedEvent.prototype.clusterId = "";

                    /**
                     * Encodes the specified ResourceDeletedEvent message. Does not implicitly {@link kollect.resource.event.v1.ResourceDeletedEvent.verify|verify} messages.
                     * @function encode
                     * @memberof kollect.resource.event.v1.ResourceDeletedEvent
                     * @static
                     * @param {kollect.resource.event.v1.ResourceDeletedEvent.$Properties} message ResourceDeletedEvent message or plain object to encode
                     * @param {$protobuf.Writer} [writer] Writer to encode to
                     * @returns {$protobuf.Writer} Writer
                     */
                    ResourceDeletedEvent.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.uid != null && $Object.hasOwnProperty.call(message, "uid") && message.uid !== "")
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.uid);
                        if (message.clusterId != null && $Object.hasOwnProperty.call(message, "clusterId") && message.clusterId !== "")
                            writer.uint32(/* id 2, wireType 2 =*/18).string(message.clusterId);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    /**
                     * Decodes a ResourceDeletedEvent message from the specified reader or buffer.
                     * @function decode
                     * @memberof kollect.resource.event.v1.ResourceDeletedEvent
                     * @static
                     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                     * @param {number} [length] Message length if known beforehand
                     * @returns {kollect.resource.event.v1.ResourceDeletedEvent & kollect.resource.event.v1.ResourceDeletedEvent.$Shape} ResourceDeletedEvent
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    ResourceDeletedEvent.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.kollect.resource.event.v1.ResourceDeletedEvent();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.uid = value;
                                    else
                                        delete message.uid;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.clusterId = value;
                                    else
                                        delete message.clusterId;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    return ResourceDeletedEvent;
                })();

                v1.ResourceUpdatedEvent = (function() {

                    /**
                     * Properties of a ResourceUpdatedEvent.
                     * @typedef {Object} kollect.resource.event.v1.ResourceUpdatedEvent.$Properties
                     * @property {string|null} [uid] ResourceUpdatedEvent uid
                     * @property {Uint8Array|null} [then] ResourceUpdatedEvent then
                     * @property {Uint8Array|null} [now] ResourceUpdatedEvent now
                     * @property {string|null} [clusterId] ResourceUpdatedEvent clusterId
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */

                    /**
                     * Properties of a ResourceUpdatedEvent.
                     * @memberof kollect.resource.event.v1
                     * @interface IResourceUpdatedEvent
                     * @augments kollect.resource.event.v1.ResourceUpdatedEvent.$Properties
                     * @deprecated Use kollect.resource.event.v1.ResourceUpdatedEvent.$Properties instead.
                     */

                    /**
                     * Shape of a ResourceUpdatedEvent.
                     * @typedef {kollect.resource.event.v1.ResourceUpdatedEvent.$Properties} kollect.resource.event.v1.ResourceUpdatedEvent.$Shape
                     */

                    /**
                     * Constructs a new ResourceUpdatedEvent.
                     * @memberof kollect.resource.event.v1
                     * @classdesc Represents a ResourceUpdatedEvent.
                     * @constructor
                     * @param {kollect.resource.event.v1.ResourceUpdatedEvent.$Properties=} [properties] Properties to set
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */
                    const ResourceUpdatedEvent = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    /**
                     * ResourceUpdatedEvent uid.
                     * @member {string} uid
                     * @memberof kollect.resource.event.v1.ResourceUpdatedEvent
                     * @instance
                     */
                    ResourceUpdatedEvent.prototype.uid = "";

                    /**
                     * ResourceUpdatedEvent then.
                     * @member {Uint8Array} then
                     * @memberof kollect.resource.event.v1.ResourceUpdatedEvent
                     * @instance
                     */
                    ResourceUpdatedEvent.prototype.then = $util.newBuffer([]);

                    /**
                     * ResourceUpdatedEvent now.
                     * @member {Uint8Array} now
                     * @memberof kollect.resource.event.v1.ResourceUpdatedEvent
                     * @instance
                     */
                    ResourceUpdatedEvent.prototype.now = $util.newBuffer([]);

                    /**
                     * ResourceUpdatedEvent clusterId.
                     * @member {string} clusterId
                     * @memberof kollect.resource.event.v1.ResourceUpdatedEvent
                     * @instance
                     */
                    ResourceUpdatedEvent.prototype.clusterId = "";

                    /**
                     * Encodes the specified ResourceUpdatedEvent message. Does not implicitly {@link kollect.resource.event.v1.ResourceUpdatedEvent.verify|verify} messages.
                     * @function encode
                     * @memberof kollect.resource.event.v1.ResourceUpdatedEvent
                     * @static
                     * @param {kollect.resource.event.v1.ResourceUpdatedEvent.$Properties} message ResourceUpdatedEvent message or plain object to encode
                     * @param {$protobuf.Writer} [writer] Writer to encode to
                     * @returns {$protobuf.Writer} Writer
                     */
                    ResourceUpdatedEvent.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.uid != null && $Object.hasOwnProperty.call(message, "uid") && message.uid !== "")
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.uid);
                        if (message.then != null && $Object.hasOwnProperty.call(message, "then") && message.then.length)
                            writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.then);
                        if (message.now != null && $Object.hasOwnProperty.call(message, "now") && message.now.length)
                            writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.now);
                        if (message.clusterId != null && $Object.hasOwnProperty.call(message, "clusterId") && message.clusterId !== "")
                            writer.uint32(/* id 4, wireType 2 =*/34).string(message.clusterId);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    /**
                     * Decodes a ResourceUpdatedEvent message from the specified reader or buffer.
                     * @function decode
                     * @memberof kollect.resource.event.v1.ResourceUpdatedEvent
                     * @static
                     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                     * @param {number} [length] Message length if known beforehand
                     * @returns {kollect.resource.event.v1.ResourceUpdatedEvent & kollect.resource.event.v1.ResourceUpdatedEvent.$Shape} ResourceUpdatedEvent
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    ResourceUpdatedEvent.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.kollect.resource.event.v1.ResourceUpdatedEvent();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.uid = value;
                                    else
                                        delete message.uid;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.bytes()).length)
                                        message.then = value;
                                    else
                                        delete message.then;
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.bytes()).length)
                                        message.now = value;
                                    else
                                        delete message.now;
                                    continue;
                                }
                            case 4: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.clusterId = value;
                                    else
                                        delete message.clusterId;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    return ResourceUpdatedEvent;
                })();

                return v1;
            })();

            return event;
        })();

        return resource;
    })();

    return kollect;
})();

export const google = $root.google = (() => {

    /**
     * Namespace google.
     * @exports google
     * @namespace
     */
    const google = {};

    google.protobuf = (function() {

        /**
         * Namespace protobuf.
         * @memberof google
         * @namespace
         */
        const protobuf = {};

        protobuf.Any = (function() {

            /**
             * Properties of an Any.
             * @typedef {Object} google.protobuf.Any.$Properties
             * @property {string|null} [type_url] Any type_url
             * @property {Uint8Array|null} [value] Any value
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Any.
             * @memberof google.protobuf
             * @interface IAny
             * @augments google.protobuf.Any.$Properties
             * @deprecated Use google.protobuf.Any.$Properties instead.
             */

            /**
             * Shape of an Any.
             * @typedef {google.protobuf.Any.$Properties} google.protobuf.Any.$Shape
             */

            /**
             * Constructs a new Any.
             * @memberof google.protobuf
             * @classdesc Represents an Any.
             * @constructor
             * @param {google.protobuf.Any.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Any = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Any type_url.
             * @member {string} type_url
             * @memberof google.protobuf.Any
             * @instance
             */
            Any.prototype.type_url = "";

            /**
             * Any value.
             * @member {Uint8Array} value
             * @memberof google.protobuf.Any
             * @instance
             */
            Any.prototype.value = $util.newBuffer([]);

            /**
             * Encodes the specified Any message. Does not implicitly {@link google.protobuf.Any.verify|verify} messages.
             * @function encode
             * @memberof google.protobuf.Any
             * @static
             * @param {google.protobuf.Any.$Properties} message Any message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Any.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.type_url != null && $Object.hasOwnProperty.call(message, "type_url") && message.type_url !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.type_url);
                if (message.value != null && $Object.hasOwnProperty.call(message, "value") && message.value.length)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.value);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Any message from the specified reader or buffer.
             * @function decode
             * @memberof google.protobuf.Any
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {google.protobuf.Any & google.protobuf.Any.$Shape} Any
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Any.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.Any();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.type_url = value;
                            else
                                delete message.type_url;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.value = value;
                            else
                                delete message.value;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Any;
        })();

        protobuf.Timestamp = (function() {

            /**
             * Properties of a Timestamp.
             * @typedef {Object} google.protobuf.Timestamp.$Properties
             * @property {number|null} [seconds] Timestamp seconds
             * @property {number|null} [nanos] Timestamp nanos
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Timestamp.
             * @memberof google.protobuf
             * @interface ITimestamp
             * @augments google.protobuf.Timestamp.$Properties
             * @deprecated Use google.protobuf.Timestamp.$Properties instead.
             */

            /**
             * Shape of a Timestamp.
             * @typedef {google.protobuf.Timestamp.$Properties} google.protobuf.Timestamp.$Shape
             */

            /**
             * Constructs a new Timestamp.
             * @memberof google.protobuf
             * @classdesc Represents a Timestamp.
             * @constructor
             * @param {google.protobuf.Timestamp.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Timestamp = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Timestamp seconds.
             * @member {number} seconds
             * @memberof google.protobuf.Timestamp
             * @instance
             */
            Timestamp.prototype.seconds = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Timestamp nanos.
             * @member {number} nanos
             * @memberof google.protobuf.Timestamp
             * @instance
             */
            Timestamp.prototype.nanos = 0;

            /**
             * Encodes the specified Timestamp message. Does not implicitly {@link google.protobuf.Timestamp.verify|verify} messages.
             * @function encode
             * @memberof google.protobuf.Timestamp
             * @static
             * @param {google.protobuf.Timestamp.$Properties} message Timestamp message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Timestamp.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && (typeof message.seconds === "object" ? message.seconds.low || message.seconds.high : message.seconds !== 0))
                    writer.uint32(/* id 1, wireType 0 =*/8).int64(message.seconds);
                if (message.nanos != null && $Object.hasOwnProperty.call(message, "nanos") && message.nanos !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.nanos);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Timestamp message from the specified reader or buffer.
             * @function decode
             * @memberof google.protobuf.Timestamp
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape} Timestamp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Timestamp.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.Timestamp();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                message.seconds = value;
                            else
                                delete message.seconds;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.nanos = value;
                            else
                                delete message.nanos;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Timestamp;
        })();

        return protobuf;
    })();

    return google;
})();

export {
  $root as default
};
