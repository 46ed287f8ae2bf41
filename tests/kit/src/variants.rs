//! The check that every variant of a kernel gives what the plain one gives.

use std::fmt::Debug;

/// The environment variable that names variants which must be there, separated by commas. With it set, a variant that
/// this machine cannot run, or that was left out of the build, fails the test instead of being passed over.
pub const REQUIRE: &str = "REQUIRE_VARIANTS";

/// One way to compute an operation: its name, whether this machine can run it, and the function.
pub type Variant<F> = (&'static str, bool, F);

/// Runs every available variant on every case and compares it with the first, which is the plain definition.
///
/// `run` calls a variant on a case; `compare` gets the expected and the found result and says what is wrong, if
/// anything is. Panics with the operation, the variant, the case and that sentence.
#[track_caller]
pub fn check<F, C: Debug, R>(
    operation: &str,
    variants: &[Variant<F>],
    cases: &[C],
    run: impl Fn(&F, &C) -> R,
    compare: impl Fn(&R, &R) -> Result<(), String>,
) {
    check_requiring(&std::env::var(REQUIRE).unwrap_or_default(), operation, variants, cases, run, compare);
}

/// [`check`] with the list of variants that must be there.
#[track_caller]
fn check_requiring<F, C: Debug, R>(
    required: &str,
    operation: &str,
    variants: &[Variant<F>],
    cases: &[C],
    run: impl Fn(&F, &C) -> R,
    compare: impl Fn(&R, &R) -> Result<(), String>,
) {
    if let Some(missing) = missing(required, variants) {
        panic!("{operation}: {REQUIRE} asks for the variant {missing}, which is not there or cannot run here");
    }
    let [(_, true, plain), others @ ..] = variants else {
        panic!("{operation}: the plain variant comes first and runs everywhere");
    };
    assert!(!cases.is_empty(), "{operation}: no cases, nothing is checked");
    for case in cases {
        let expected = run(plain, case);
        for (name, _, variant) in others.iter().filter(|(_, available, _)| *available) {
            if let Err(difference) = compare(&expected, &run(variant, case)) {
                panic!("{operation}: variant {name} differs on {case:?}: {difference}");
            }
        }
    }
    for (name, _, _) in others.iter().filter(|(_, available, _)| !available) {
        println!("{operation}: variant {name} cannot run on this machine and was skipped");
    }
}

/// For [`check`]: floats that may be `tolerance` apart. A value that is not a number must be so on both sides.
pub fn within<R: AsRef<[f32]>>(tolerance: f32) -> impl Fn(&R, &R) -> Result<(), String> {
    move |expected, found| {
        compare(expected.as_ref(), found.as_ref(), |a, b| {
            (a - b).abs() <= tolerance || a == b || (a.is_nan() && b.is_nan())
        })
    }
}

/// For [`check`]: values that must be equal.
pub fn equal<T: Copy + PartialEq + Debug, R: AsRef<[T]>>(expected: &R, found: &R) -> Result<(), String> {
    compare(expected.as_ref(), found.as_ref(), |a, b| a == b)
}

fn compare<T: Copy + Debug>(expected: &[T], found: &[T], same: impl Fn(T, T) -> bool) -> Result<(), String> {
    if expected.len() != found.len() {
        return Err(format!("{} values instead of {}", found.len(), expected.len()));
    }
    match (0..found.len()).find(|&i| !same(expected[i], found[i])) {
        Some(i) => Err(format!("value {i} is {:?}, expected {:?}", found[i], expected[i])),
        None => Ok(()),
    }
}

/// Whether the variant must be there, for tests that compare it in another way than [`check`] does.
pub fn is_required(name: &str) -> bool {
    std::env::var(REQUIRE).is_ok_and(|required| required.split(',').any(|wanted| wanted.trim() == name))
}

/// The first variant that `required` names and that cannot run.
fn missing<'a, F>(required: &'a str, variants: &[Variant<F>]) -> Option<&'a str> {
    required
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .find(|wanted| !variants.iter().any(|(name, available, _)| name == wanted && *available))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(values: &[f32]) -> Vec<f32> {
        values.iter().map(|value| value * 2.0).collect()
    }

    fn wrong_in_the_tail(values: &[f32]) -> Vec<f32> {
        let mut doubled = double(values);
        if !doubled.len().is_multiple_of(4) {
            *doubled.last_mut().unwrap() += 0.1;
        }
        doubled
    }

    type Double = fn(&[f32]) -> Vec<f32>;

    #[test]
    fn variants_that_agree_pass() {
        let variants: [Variant<Double>; 2] = [("scalar", true, double), ("fast", true, double)];
        check_requiring("", "double", &variants, &[vec![1.0], vec![]], |run, case| run(case), within(0.0));
    }

    #[test]
    #[should_panic(expected = "double: variant fast differs on [1.0, 2.0]: value 1 is 4.1, expected 4.0")]
    fn a_variant_that_differs_is_named() {
        let variants: [Variant<Double>; 2] = [("scalar", true, double), ("fast", true, wrong_in_the_tail)];
        check_requiring("", "double", &variants, &[vec![1.0; 4], vec![1.0, 2.0]], |run, case| run(case), within(1e-6));
    }

    #[test]
    fn a_variant_that_cannot_run_is_skipped() {
        let variants: [Variant<Double>; 2] = [("scalar", true, double), ("fast", false, wrong_in_the_tail)];
        check_requiring("", "double", &variants, &[vec![1.0]], |run, case| run(case), within(0.0));
    }

    #[test]
    fn required_variants_must_be_there_and_run() {
        let variants = [("scalar", true, ()), ("avx2", true, ()), ("avx512", false, ())];
        assert_eq!(missing("", &variants), None);
        assert_eq!(missing("scalar, avx2", &variants), None);
        assert_eq!(missing("avx2,avx512", &variants), Some("avx512"));
        assert_eq!(missing("neon", &variants), Some("neon"));
    }

    #[test]
    fn nan_equals_nan_only() {
        assert!(within(1.0)(&vec![f32::NAN], &vec![f32::NAN]).is_ok());
        assert!(within(1.0)(&vec![f32::NAN], &vec![0.0]).is_err());
        assert!(within(1.0)(&vec![0.0], &vec![f32::NAN]).is_err());
        assert!(equal(&vec![1u8], &vec![1, 2]).is_err());
    }
}
