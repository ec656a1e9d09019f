//! Tests of the whole: contract, golden pages, problems, differential, end to end.
