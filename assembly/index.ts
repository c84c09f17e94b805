export { base } from './base';
export { compose } from './compose';
export { fingerprint, fingerprintHigh } from './fingerprint';
export { skipValue } from './json-bytes';
export { editPlace, ignoredPlace, scan, scanPlace, slotPlace, triePlace } from './json-scan';
export { mergePatch } from './merge-patch';
export { keyPlace, pluck } from './pluck';
export { decode, dictionaryPlaces, encode } from './sibling-codec';
export { skipTrusted } from './skip-trusted';
