export { base, fingerprint, fingerprintHigh, skipValue } from './json-bytes';
export { decode, dictionaryPlaces, encode } from './sibling-codec';
