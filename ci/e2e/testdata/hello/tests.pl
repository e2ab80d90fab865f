# Functional and production tests: perl tests.pl functional|production
use strict;
use warnings;
use HTTP::Tiny;
use Test::More;

plan skip_all => 'ADDRESS is not set' unless $ENV{ADDRESS};

sub get { HTTP::Tiny->new(timeout => 10)->get($ENV{ADDRESS} . shift) }

is get('/hello')->{content}, "Hello from C!\n", 'it greets';
is get('/version')->{content}, "$ENV{VERSION}\n", 'it is the version just deployed';
is get('/nothing')->{status}, 404, 'there is nothing else' if $ARGV[0] eq 'functional';
done_testing;
print "# all tests passed\n" if Test::More->builder->is_passing;
