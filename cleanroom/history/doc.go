// Package history finds questions that are too close to an earlier one.
//
// Without noise, two answers whose selections differ by a few units tell, when
// subtracted from each other, what those few are: "everyone" and "everyone but
// the 43-year-old in the village" (R01). An owner's node therefore keeps, for
// every run, what it selected of the owner's rows, and refuses a run whose
// selection differs from an earlier one by 1 to k-1 units.
//
// What a run selected is a set of vectors: one number for each unit, such as 1
// if it is selected, its number of rows, or its sum of a measure; over all
// groups, and for each group. The difference of two vectors of a kind is what
// subtracting their totals would tell. Vectors are not kept: a linear sketch of
// each is, of a size that depends on k alone. The sketch of a difference is the
// difference of the sketches, and gives the number of units in it exactly when
// there are few, or says that there are many. It is an invertible Bloom lookup
// table (Eppstein and Goodrich 2011) over the integers mod 2^61-1. The hash of
// units is keyed, so that sketches of one unit over several versions of a
// dataset belong together, and say nothing without the key.
//
// A sketch can be mistaken in one direction only, but for a chance of about
// 2^-58 for each comparison: few differences are never taken for many.
package history
