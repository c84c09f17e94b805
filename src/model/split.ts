/** Which of `of` shards an object of a split stream belongs to: 32-bit FNV-1a over the key's UTF-16 units. */
export function splitIndex(key: string, of: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % of;
}
