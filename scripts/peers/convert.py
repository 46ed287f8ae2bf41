"""Converts a clip as one would without Inkcast: OpenCV decodes, ONNX Runtime runs the network, numpy puts ink on colour,
x264 encodes with the settings of `inkcast convert`. No temporal term and no sound: it has less to do.
convert.py CLIP MODEL OUT THREADS"""

import subprocess
import sys

import cv2
import numpy
import onnxruntime


def main():
    clip, model, out, threads = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    video = cv2.VideoCapture(clip)
    if not video.isOpened():
        sys.exit(f"cannot read the clip {clip}")
    width, height = int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    rate = f"{round(video.get(cv2.CAP_PROP_FPS) * 1000)}/1000"
    caps = f"video/x-raw,format=BGR,width={width},height={height},framerate={rate}"
    encode = (
        f"fdsrc blocksize={width * height * 3} ! rawvideoparse format=bgr width={width} height={height} framerate={rate}"
        f" ! {caps} ! videoconvert ! x264enc pass=qual quantizer=20 speed-preset=veryfast ! h264parse ! mp4mux"
        f" ! filesink location={out}"
    )
    encoder = subprocess.Popen(["gst-launch-1.0", "-q", *encode.split()], stdin=subprocess.PIPE)
    frames = 0
    while True:
        there, frame = video.read()
        if not there:
            break
        # One pass for BGR to RGB, bytes to floats, interleaved to planar.
        rgb = cv2.dnn.blobFromImage(frame, 1 / 255, swapRB=True)
        layers = session.run(None, {"rgb": rgb})[0][0]
        page = cv2.merge([layers[2], layers[1], layers[0]])
        page *= (255 * (1 - numpy.clip(layers[3], 0, 1)))[..., None]
        encoder.stdin.write(cv2.convertScaleAbs(page).tobytes())
        frames += 1
    encoder.stdin.close()
    if encoder.wait() != 0:
        sys.exit("the encoder failed")
    print(frames)


if __name__ == "__main__":
    main()
