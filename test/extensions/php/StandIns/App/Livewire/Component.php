<?php

declare(strict_types=1);

namespace App\Livewire;

/** Stand-in for the panel's own component: Livewire's, and notices. */
class Component extends \Livewire\Component
{
    public function notify($message, $type = 'success', $redirect = false)
    {
        $this->dispatch('notify', ['message' => $message, 'type' => $type]);
    }
}
