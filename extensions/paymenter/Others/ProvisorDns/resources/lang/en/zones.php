<?php

declare(strict_types=1);

return [
    'title' => 'DNS',
    'yours' => 'Your domains',
    'none' => 'No domain yet.',
    'full' => 'You have as many domains as you may have.',
    'records' => ':used of :limit records',
    'domain' => 'Domain',
    'add' => 'Add domain',
    'again' => 'Try again',
    'begun' => 'The domain is being set up.',
    'made' => 'The domain was added.',
];
