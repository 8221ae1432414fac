//! Stub.
use super::{Format, Read, Single, Spec};
use crate::json::{Scratch, Value};
use crate::reason::Refused;
pub static SPEC: Spec = Spec { name: "x-v1", new: |_: &Format| Single::boxed(read) };
fn read<'a>(_: Value<'a>, _: &mut Scratch<'a>) -> Read<'a> {
    Err(Refused::Shape)
}
