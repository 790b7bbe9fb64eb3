require "reject";
if header :contains "subject" "Make money fast" {
	reject "We do not take this here.";
	stop;
}
