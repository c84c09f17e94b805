export { compose } from './compose';
export { base, fingerprint, fingerprintHigh, skipValue } from './json-bytes';
export { mergePatch } from './merge-patch';
export { keyPlace, pluck } from './pluck';
export { decode, dictionaryPlaces, encode } from './sibling-codec';
export { skipTrusted } from './skip-trusted';
