-- Of several daemons that share a queue each tells what its own disks refuse.
ALTER TABLE refusals
    ADD COLUMN home text COLLATE "C" NOT NULL DEFAULT coalesce(current_setting('vqd.home', true), ''),
    ADD PRIMARY KEY (home);
