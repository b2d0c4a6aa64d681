/** What kind of file an output is, by its name: how it can be shown. */

const KINDS = [
  ["image", /\.(png|jpe?g|webp|gif|avif|bmp)$/i],
  ["video", /\.(mp4|webm|mov|mkv)$/i],
  ["audio", /\.(mp3|flac|wav|ogg|opus|m4a)$/i],
  ["text", /\.(txt|json|csv|md)$/i],
];

/** Give `image`, `video`, `audio` or `text`; undefined for what a browser cannot show. */
export function kindOf(path) {
  return KINDS.find(([, pattern]) => pattern.test(path))?.[0];
}

/** Whether there are small pictures of it. */
export function hasThumbnail(path) {
  return ["image", "video"].includes(kindOf(path));
}
