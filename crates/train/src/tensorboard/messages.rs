//! The part of TensorFlow's protocol buffers (`event.proto` and `summary.proto`) that scalars and pictures need.

/// `Event`: what a record holds. One of the fields after `step` is set.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Steps done.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// "brain.Event:2", in the first record of a file.
    #[prost(string, optional, tag = "3")]
    pub file_version: Option<String>,
    /// Values at this step.
    #[prost(message, optional, tag = "5")]
    pub summary: Option<Summary>,
    /// What happened to the run.
    #[prost(message, optional, tag = "7")]
    pub session_log: Option<SessionLog>,
}

/// `SessionLog`, of which only the status is used.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SessionLog {
    /// 1: it starts; readers forget events of this step and later that other files hold.
    #[prost(int32, tag = "1")]
    pub status: i32,
}

/// `Summary`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Summary {
    /// Its values.
    #[prost(message, repeated, tag = "1")]
    pub value: Vec<Value>,
}

/// `Summary.Value`: a number or a picture.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Value {
    /// Name.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// A number. Optional, so that a zero is written.
    #[prost(float, optional, tag = "2")]
    pub simple_value: Option<f32>,
    /// A picture.
    #[prost(message, optional, tag = "4")]
    pub image: Option<Image>,
}

/// `Summary.Image`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Image {
    /// Pixels from top to bottom.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// Pixels from left to right.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// 3 for RGB.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// The bytes of a JPEG or PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded_image_string: Vec<u8>,
}
