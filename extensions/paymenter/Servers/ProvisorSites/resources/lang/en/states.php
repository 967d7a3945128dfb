<?php

declare(strict_types=1);

return [
    'creating' => 'Being set up',
    'active' => 'Running',
    'stopped' => 'Stopped',
    'suspended' => 'Suspended',
    'failed' => 'Setup failed',
    'deleting' => 'Being deleted',
    'deleted' => 'Deleted',
];
