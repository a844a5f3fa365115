"""Sound and film by ffmpeg."""

from corpus import run

FILM = ["-f", "lavfi", "-i", "testsrc=size={size}:rate=15:duration={seconds}"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency={pitch}:duration={seconds}"]

# Media type, extension, whether with film and with sound, and options of each file.
FORMATS = [
    ("video/mp4", "mp4", "fs", [[], ["-movflags", "faststart"], ["-movflags", "frag_keyframe+empty_moov"], ["-c:v", "mpeg4"], ["-c:v", "libx265"]]),
    ("video/mp4", "mp4", "f", [[], ["-brand", "mp42"]]),
    ("video/x-m4v", "m4v", "fs", [["-c:v", "mpeg4", "-c:a", "aac"]]),
    ("video/quicktime", "mov", "fs", [[], ["-c:v", "mjpeg"], ["-c:v", "prores"], ["-movflags", "faststart"]]),
    ("video/webm", "webm", "fs", [["-deadline", "realtime"], ["-c:v", "libvpx", "-deadline", "realtime"]]),
    ("video/webm", "webm", "f", [["-c:v", "libvpx", "-deadline", "realtime"]]),
    ("video/x-matroska", "mkv", "fs", [[], ["-c:v", "mpeg4"], ["-c:v", "ffv1", "-c:a", "flac"]]),
    ("video/x-msvideo", "avi", "fs", [[], ["-c:v", "mjpeg", "-c:a", "pcm_s16le"], ["-c:v", "rawvideo"]]),
    ("video/mpeg", "mpg", "fs", [["-f", "mpeg"], ["-f", "vob"], ["-c:v", "mpeg2video", "-r", "25", "-f", "mpeg"]]),
    ("video/mp2t", "m2t", "fs", [["-f", "mpegts"], ["-f", "mpegts", "-c:v", "mpeg2video", "-r", "25"]]),
    ("video/ogg", "ogv", "fs", [["-c:v", "libtheora", "-c:a", "libvorbis"], ["-c:v", "libtheora", "-c:a", "flac"]]),
    ("video/3gpp", "3gp", "fs", [["-c:v", "h263", "-s", "176x144", "-c:a", "aac"], ["-c:v", "libx264", "-c:a", "aac"]]),
    ("video/3gpp2", "3g2", "fs", [["-c:v", "libx264", "-c:a", "aac"]]),
    ("video/x-ms-wmv", "wmv", "fs", [[], ["-c:v", "wmv1", "-c:a", "wmav1"]]),
    ("video/x-flv", "flv", "fs", [["-ar", "44100"], ["-c:v", "libx264", "-c:a", "aac"]]),
    ("application/mxf", "mxf", "f", [["-c:v", "mpeg2video", "-r", "25"]]),
    ("audio/mpeg", "mp3", "s", [[], ["-b:a", "32k"], ["-q:a", "5", "-id3v2_version", "3", "-metadata", "title=Foghorn"], ["-write_id3v2", "0", "-write_xing", "0"], ["-c:a", "mp2", "-f", "mp2"], ["-ar", "22050"]]),
    ("audio/mp4", "m4a", "s", [[], ["-movflags", "faststart", "-b:a", "48k"], ["-c:a", "alac"], ["-metadata", "title=Foghorn"]]),
    ("audio/aac", "aac", "s", [[], ["-ar", "22050"]]),
    ("audio/wav", "wav", "s", [[], ["-c:a", "pcm_s24le"], ["-c:a", "pcm_f32le"], ["-c:a", "adpcm_ima_wav"], ["-rf64", "always"]]),
    ("audio/flac", "flac", "s", [[], ["-metadata", "title=Foghorn"]]),
    ("audio/ogg", "ogg", "s", [["-c:a", "libvorbis"], ["-c:a", "flac"], ["-c:a", "libspeex", "-ar", "16000"]]),
    ("audio/opus", "opus", "s", [[], ["-b:a", "24k"]]),
    ("audio/webm", "weba", "s", [["-f", "webm", "-c:a", "libopus"], ["-f", "webm", "-c:a", "libvorbis"]]),
    ("audio/x-matroska", "mka", "s", [[], ["-c:a", "flac"]]),
    ("audio/aiff", "aiff", "s", [[], ["-c:a", "pcm_s24be"]]),
    ("audio/x-caf", "caf", "s", [[], ["-c:a", "alac"]]),
    ("audio/basic", "au", "s", [[], ["-c:a", "pcm_mulaw"]]),
    ("audio/ac3", "ac3", "s", [[]]),
    ("audio/amr", "amr", "s", [["-ar", "8000", "-ac", "1"]]),
    ("audio/x-ms-wma", "wma", "s", [[], ["-c:a", "wmav1"]]),
    ("audio/x-wavpack", "wv", "s", [[]]),
    ("audio/x-voc", "voc", "s", [[]]),
    ("image/gif", "gif", "f", [[], ["-frames:v", "1"]]),
    ("image/apng", "apng", "f", [["-f", "apng"]]),
    ("image/webp", "webp", "f", [["-c:v", "libwebp_anim"], ["-frames:v", "1"]]),
    ("image/png", "png", "f", [["-frames:v", "1"]]),
    ("image/jpeg", "jpg", "f", [["-frames:v", "1"], ["-frames:v", "1", "-pix_fmt", "gray"]]),
    ("image/bmp", "bmp", "f", [["-frames:v", "1"]]),
    ("image/tiff", "tiff", "f", [["-frames:v", "1"]]),
    ("image/jp2", "jp2", "f", [["-frames:v", "1"]]),
    ("image/x-tga", "tga", "f", [["-frames:v", "1"]]),
]


def write(corpus):
    for kind, extension, streams, files in FORMATS:
        for number, options in enumerate(files):
            sources = (FILM if "f" in streams else []) + (SOUND if "s" in streams else [])
            values = {"size": ["128x96", "320x240", "64x48"][number % 3], "seconds": number % 3 + 1, "pitch": 220 + 110 * number}
            command = ["ffmpeg", "-y", "-v", "error", *(word.format(**values) for word in sources)]
            pixels = [] if kind.startswith("image/") or "-pix_fmt" in options or "prores" in options or "f" not in streams else ["-pix_fmt", "yuv420p"]
            if "-c:v" in options and options[options.index("-c:v") + 1] in ("mjpeg", "rawvideo", "prores"):
                pixels = []
            corpus.add("ffmpeg", kind, extension, lambda path: run(*command, *pixels, "-strict", "-2", *options, path) and None)
    captions = corpus.work / "captions.srt"
    captions.write_text("1\n00:00:01,000 --> 00:00:02,000\nThe ferry leaves.\n\n2\n00:00:03,000 --> 00:00:04,000\nIt is late.\n")
    for kind, extension in [("application/x-subrip", "srt"), ("text/vtt", "vtt")]:
        corpus.add("ffmpeg", kind, extension, lambda path: run("ffmpeg", "-y", "-v", "error", "-i", captions, path) and None)
