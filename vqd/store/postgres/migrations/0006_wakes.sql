-- Of a job that others may run from now on, since its inputs lie in the depot or fewer of its prompts
-- run than may at once, all are told.
CREATE TRIGGER stocks_tell_all AFTER INSERT ON stocks FOR EACH ROW EXECUTE FUNCTION tell_all();
CREATE TRIGGER jobs_tell_all_of_room AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.pending > 0 AND NEW.running < NEW.max_parallel AND OLD.running >= OLD.max_parallel)
    EXECUTE FUNCTION tell_all();
