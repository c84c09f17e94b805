// Generated from proto/watershard/record/v1/record.proto by tools/generate-proto.mjs. Do not edit.
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["watershard"] || ($protobuf.roots["watershard"] = {});

export const watershard = $root.watershard = (() => {

    /**
     * Namespace watershard.
     * @exports watershard
     * @namespace
     */
    const watershard = {};

    watershard.record = (function() {

        /**
         * Namespace record.
         * @memberof watershard
         * @namespace
         */
        const record = {};

        record.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof watershard.record
             * @namespace
             */
            const v1 = {};

            /**
             * Operation enum.
             * @name watershard.record.v1.Operation
             * @enum {number}
             * @property {number} OPERATION_UNSPECIFIED=0 OPERATION_UNSPECIFIED value
             * @property {number} OPERATION_SNAPSHOT=1 OPERATION_SNAPSHOT value
             * @property {number} OPERATION_CREATED=2 OPERATION_CREATED value
             * @property {number} OPERATION_UPDATED=3 OPERATION_UPDATED value
             * @property {number} OPERATION_DELETED=4 OPERATION_DELETED value
             * @property {number} OPERATION_GAP=5 OPERATION_GAP value
             */
            v1.Operation = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "OPERATION_UNSPECIFIED"] = 0;
                values[valuesById[1] = "OPERATION_SNAPSHOT"] = 1;
                values[valuesById[2] = "OPERATION_CREATED"] = 2;
                values[valuesById[3] = "OPERATION_UPDATED"] = 3;
                values[valuesById[4] = "OPERATION_DELETED"] = 4;
                values[valuesById[5] = "OPERATION_GAP"] = 5;
                return values;
            })();

            /**
             * DetectedBy enum.
             * @name watershard.record.v1.DetectedBy
             * @enum {number}
             * @property {number} DETECTED_BY_UNSPECIFIED=0 DETECTED_BY_UNSPECIFIED value
             * @property {number} DETECTED_BY_WATCH=1 DETECTED_BY_WATCH value
             * @property {number} DETECTED_BY_LIST=2 DETECTED_BY_LIST value
             * @property {number} DETECTED_BY_RELIST=3 DETECTED_BY_RELIST value
             */
            v1.DetectedBy = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "DETECTED_BY_UNSPECIFIED"] = 0;
                values[valuesById[1] = "DETECTED_BY_WATCH"] = 1;
                values[valuesById[2] = "DETECTED_BY_LIST"] = 2;
                values[valuesById[3] = "DETECTED_BY_RELIST"] = 3;
                return values;
            })();

            v1.ChangeRecord = (function() {

                /**
                 * Properties of a ChangeRecord.
                 * @typedef {Object} watershard.record.v1.ChangeRecord.$Properties
                 * @property {string|null} [id] ChangeRecord id
                 * @property {watershard.record.v1.Operation|null} [operation] ChangeRecord operation
                 * @property {string|null} [cluster] ChangeRecord cluster
                 * @property {string|null} [clusterUid] ChangeRecord clusterUid
                 * @property {string|null} [group] ChangeRecord group
                 * @property {string|null} [version] ChangeRecord version
                 * @property {string|null} [kind] ChangeRecord kind
                 * @property {string|null} [resource] ChangeRecord resource
                 * @property {string|null} [namespace] ChangeRecord namespace
                 * @property {string|null} [name] ChangeRecord name
                 * @property {string|null} [uid] ChangeRecord uid
                 * @property {string|null} [resourceVersion] ChangeRecord resourceVersion
                 * @property {google.protobuf.Timestamp.$Properties|null} [observedAt] ChangeRecord observedAt
                 * @property {watershard.record.v1.DetectedBy|null} [detectedBy] ChangeRecord detectedBy
                 * @property {Uint8Array|null} [fields] ChangeRecord fields
                 * @property {Uint8Array|null} [object] ChangeRecord object
                 * @property {Uint8Array|null} [patch] ChangeRecord patch
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a ChangeRecord.
                 * @memberof watershard.record.v1
                 * @interface IChangeRecord
                 * @augments watershard.record.v1.ChangeRecord.$Properties
                 * @deprecated Use watershard.record.v1.ChangeRecord.$Properties instead.
                 */

                /**
                 * Shape of a ChangeRecord.
                 * @typedef {watershard.record.v1.ChangeRecord.$Properties} watershard.record.v1.ChangeRecord.$Shape
                 */

                /**
                 * Constructs a new ChangeRecord.
                 * @memberof watershard.record.v1
                 * @classdesc Represents a ChangeRecord.
                 * @constructor
                 * @param {watershard.record.v1.ChangeRecord.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const ChangeRecord = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * ChangeRecord id.
                 * @member {string} id
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.id = "";

                /**
                 * ChangeRecord operation.
                 * @member {watershard.record.v1.Operation} operation
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.operation = 0;

                /**
                 * ChangeRecord cluster.
                 * @member {string} cluster
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.cluster = "";

                /**
                 * ChangeRecord clusterUid.
                 * @member {string} clusterUid
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.clusterUid = "";

                /**
                 * ChangeRecord group.
                 * @member {string} group
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.group = "";

                /**
                 * ChangeRecord version.
                 * @member {string} version
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.version = "";

                /**
                 * ChangeRecord kind.
                 * @member {string} kind
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.kind = "";

                /**
                 * ChangeRecord resource.
                 * @member {string} resource
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.resource = "";

                /**
                 * ChangeRecord namespace.
                 * @member {string} namespace
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.namespace = "";

                /**
                 * ChangeRecord name.
                 * @member {string} name
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.name = "";

                /**
                 * ChangeRecord uid.
                 * @member {string} uid
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.uid = "";

                /**
                 * ChangeRecord resourceVersion.
                 * @member {string} resourceVersion
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.resourceVersion = "";

                /**
                 * ChangeRecord observedAt.
                 * @member {google.protobuf.Timestamp.$Properties|null|undefined} observedAt
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.observedAt = null;

                /**
                 * ChangeRecord detectedBy.
                 * @member {watershard.record.v1.DetectedBy} detectedBy
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.detectedBy = 0;

                /**
                 * ChangeRecord fields.
                 * @member {Uint8Array|null|undefined} fields
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.fields = null;

                /**
                 * ChangeRecord object.
                 * @member {Uint8Array|null|undefined} object
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.object = null;

                /**
                 * ChangeRecord patch.
                 * @member {Uint8Array|null|undefined} patch
                 * @memberof watershard.record.v1.ChangeRecord
                 * @instance
                 */
                ChangeRecord.prototype.patch = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(ChangeRecord.prototype, "_fields", {
                    get: $util.oneOfGetter($oneOfFields = ["fields"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(ChangeRecord.prototype, "_object", {
                    get: $util.oneOfGetter($oneOfFields = ["object"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(ChangeRecord.prototype, "_patch", {
                    get: $util.oneOfGetter($oneOfFields = ["patch"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified ChangeRecord message. Does not implicitly {@link watershard.record.v1.ChangeRecord.verify|verify} messages.
                 * @function encode
                 * @memberof watershard.record.v1.ChangeRecord
                 * @static
                 * @param {watershard.record.v1.ChangeRecord.$Properties} message ChangeRecord message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ChangeRecord.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.id);
                    if (message.operation != null && $Object.hasOwnProperty.call(message, "operation") && message.operation !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.operation);
                    if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster") && message.cluster !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.cluster);
                    if (message.clusterUid != null && $Object.hasOwnProperty.call(message, "clusterUid") && message.clusterUid !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.clusterUid);
                    if (message.group != null && $Object.hasOwnProperty.call(message, "group") && message.group !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.group);
                    if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.version);
                    if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== "")
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.kind);
                    if (message.resource != null && $Object.hasOwnProperty.call(message, "resource") && message.resource !== "")
                        writer.uint32(/* id 8, wireType 2 =*/66).string(message.resource);
                    if (message.namespace != null && $Object.hasOwnProperty.call(message, "namespace") && message.namespace !== "")
                        writer.uint32(/* id 9, wireType 2 =*/74).string(message.namespace);
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 10, wireType 2 =*/82).string(message.name);
                    if (message.uid != null && $Object.hasOwnProperty.call(message, "uid") && message.uid !== "")
                        writer.uint32(/* id 11, wireType 2 =*/90).string(message.uid);
                    if (message.resourceVersion != null && $Object.hasOwnProperty.call(message, "resourceVersion") && message.resourceVersion !== "")
                        writer.uint32(/* id 12, wireType 2 =*/98).string(message.resourceVersion);
                    if (message.observedAt != null && $Object.hasOwnProperty.call(message, "observedAt"))
                        $root.google.protobuf.Timestamp.encode(message.observedAt, writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
                    if (message.detectedBy != null && $Object.hasOwnProperty.call(message, "detectedBy") && message.detectedBy !== 0)
                        writer.uint32(/* id 14, wireType 0 =*/112).int32(message.detectedBy);
                    if (message.fields != null && $Object.hasOwnProperty.call(message, "fields"))
                        writer.uint32(/* id 15, wireType 2 =*/122).bytes(message.fields);
                    if (message.object != null && $Object.hasOwnProperty.call(message, "object"))
                        writer.uint32(/* id 16, wireType 2 =*/130).bytes(message.object);
                    if (message.patch != null && $Object.hasOwnProperty.call(message, "patch"))
                        writer.uint32(/* id 17, wireType 2 =*/138).bytes(message.patch);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a ChangeRecord message from the specified reader or buffer.
                 * @function decode
                 * @memberof watershard.record.v1.ChangeRecord
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {watershard.record.v1.ChangeRecord & watershard.record.v1.ChangeRecord.$Shape} ChangeRecord
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                ChangeRecord.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.watershard.record.v1.ChangeRecord();
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
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.operation = value;
                                else
                                    delete message.operation;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.cluster = value;
                                else
                                    delete message.cluster;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.clusterUid = value;
                                else
                                    delete message.clusterUid;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.group = value;
                                else
                                    delete message.group;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.version = value;
                                else
                                    delete message.version;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.kind = value;
                                else
                                    delete message.kind;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.resource = value;
                                else
                                    delete message.resource;
                                continue;
                            }
                        case 9: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.namespace = value;
                                else
                                    delete message.namespace;
                                continue;
                            }
                        case 10: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.name = value;
                                else
                                    delete message.name;
                                continue;
                            }
                        case 11: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.uid = value;
                                else
                                    delete message.uid;
                                continue;
                            }
                        case 12: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.resourceVersion = value;
                                else
                                    delete message.resourceVersion;
                                continue;
                            }
                        case 13: {
                                if (wireType !== 2)
                                    break;
                                message.observedAt = $root.google.protobuf.Timestamp.decode(reader, reader.size(), $undefined, _depth + 1, message.observedAt);
                                continue;
                            }
                        case 14: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.detectedBy = value;
                                else
                                    delete message.detectedBy;
                                continue;
                            }
                        case 15: {
                                if (wireType !== 2)
                                    break;
                                message.fields = reader.bytes();
                                message._fields = "fields";
                                continue;
                            }
                        case 16: {
                                if (wireType !== 2)
                                    break;
                                message.object = reader.bytes();
                                message._object = "object";
                                continue;
                            }
                        case 17: {
                                if (wireType !== 2)
                                    break;
                                message.patch = reader.bytes();
                                message._patch = "patch";
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

                return ChangeRecord;
            })();

            return v1;
        })();

        return record;
    })();

    return watershard;
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
