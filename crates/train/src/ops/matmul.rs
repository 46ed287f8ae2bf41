/// A matrix inside a slice: the value of row `i`, column `j` lies at `i * row_step + j * column_step`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    pub row_step: usize,
    pub column_step: usize,
}

impl<'a> Matrix<'a> {
    /// Rows that are `row_step` apart, each contiguous.
    pub fn rows_of(data: &'a [f32], rows: usize, columns: usize, row_step: usize) -> Self {
        Matrix { data, rows, columns, row_step, column_step: 1 }
    }

    /// Rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }

    fn fits(&self) -> bool {
        last_index(self.rows, self.columns, self.row_step, self.column_step) < self.data.len()
    }
}

fn last_index(rows: usize, columns: usize, row_step: usize, column_step: usize) -> usize {
    (rows - 1) * row_step + (columns - 1) * column_step
}

/// `result = left * right`, or `result += left * right` if `accumulate`, on the calling thread. The rows of `result`
/// are `row_step` apart, each contiguous.
///
/// Panics if the sizes do not match or a matrix reaches beyond its slice; none may be empty.
pub(super) fn multiply(result: &mut [f32], row_step: usize, left: Matrix, right: Matrix, accumulate: bool) {
    let (rows, inner, columns) = (left.rows, left.columns, right.columns);
    assert!(rows > 0 && inner > 0 && columns > 0 && right.rows == inner, "matrix sizes do not match");
    assert!(left.fits() && right.fits(), "a factor reaches beyond its slice");
    assert!(columns <= row_step && last_index(rows, columns, row_step, 1) < result.len(), "the result does not fit");
    // SAFETY: every index that rows, columns and steps can form lies inside its slice, as asserted above; the result is
    // borrowed mutably, so it overlaps neither factor, and its rows do not overlap each other.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            result.as_mut_ptr(),
            1,
            row_step as isize,
            accumulate,
            left.data.as_ptr(),
            left.column_step as isize,
            left.row_step as isize,
            right.data.as_ptr(),
            right.column_step as isize,
            right.row_step as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
