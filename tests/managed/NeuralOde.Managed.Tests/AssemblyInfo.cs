// The random generator and the allocator's counters belong to the process: one test at a time.
[assembly: Parallelizable(ParallelScope.None)]
