[assembly: CollectionBehavior(DisableTestParallelization = true)]   // counts of handles and the random state are the process's
